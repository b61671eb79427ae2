// One POST, no retry. Run: go build -o ingest examples/ingest.go && tailrace run --client ./ingest
package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	request, _ := http.NewRequest("POST", os.Getenv("TAILRACE_URL"), os.Stdin)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("TAILRACE_TOKEN"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	if _, err = io.Copy(io.Discard, response.Body); err != nil || response.StatusCode >= 300 {
		log.Fatal(response.Status, " ", err)
	}
}
