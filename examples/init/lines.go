package main // Driver for tailrace. Run: go build -o driver driver.go && tailrace run --rung lines --client ./driver
import ("encoding/json"; "fmt"; "io"; "net/http"; "os"; "strings")

type message struct {
	T, URL, Token, ID string
	Data              json.RawMessage
}

// deliver says "" when the records were delivered, else why not.
func deliver(start message, body string) string {
	if body == "" { return "" }
	request, _ := http.NewRequest("POST", start.URL, strings.NewReader(body))
	request.Header = http.Header{"Authorization": {"Bearer " + start.Token}}
	// Your library in place of net/http: give it each record as it comes, and say ack or drop when it does.
	response, err := http.DefaultClient.Do(request)
	if err == nil { _, err = io.Copy(io.Discard, response.Body) }
	if err != nil { return err.Error() }
	if response.StatusCode >= 300 { return response.Status }
	return ""
}

func main() {
	fmt.Println(`{"t":"hello","v":1,"client":"my-client","version":"0","lang":"go","can":["ingest"],"knobs":[]}`)
	var start message
	var ids, body []string
	for in := json.NewDecoder(os.Stdin); ; {
		var m message
		if in.Decode(&m) != nil { return }
		if m.T == "start" { start, ids, body = m, nil, nil }
		if m.T == "send" { ids, body = append(ids, m.ID), append(body, string(m.Data) + "\n") }
		if m.T != "stop" { continue }
		why, _ := json.Marshal(deliver(start, strings.Join(body, "")))
		for _, id := range ids {
			if len(why) == 2 { fmt.Printf("{\"t\":\"ack\",\"id\":%q}\n", id) }
			if len(why) > 2 { fmt.Printf("{\"t\":\"drop\",\"id\":%q,\"why\":%s}\n", id, why) }
		}
		ids, body = nil, nil
		fmt.Println(`{"t":"done"}`)
	}
}
