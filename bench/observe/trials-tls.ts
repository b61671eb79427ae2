/** How the faults of TLS are observed. */
import type { tls } from '../../src/faults/tls.ts'
import { midway } from './trial.ts'
import type { Trials } from './trial.ts'

export const tlsTrials: Trials<keyof typeof tls> = {
  tls_untrusted: [
    { fault: { type: 'tls_untrusted', who: 'authority' }, on: 'tls' },
    { fault: { type: 'tls_untrusted', who: 'host' }, on: 'tls' },
  ],
  tls_expired: [{ fault: { type: 'tls_expired' }, on: 'tls' }],
  tls_handshake_stall: [{ fault: { type: 'tls_handshake_stall' }, on: 'tls' }],
  tls_handshake_reset: [{ fault: { type: 'tls_handshake_reset' }, on: 'tls' }],
  tls_handshake_fin: [{ fault: { type: 'tls_handshake_fin' }, on: 'tls' }],
  tls_plaintext: [{ fault: { type: 'tls_plaintext' }, on: 'tls' }],
  tls_alert: [
    { fault: { type: 'tls_alert' }, on: 'tls' },
    { fault: { type: 'tls_alert', description: 80 }, on: 'tls' },
  ],
  tls_version: [{ fault: { type: 'tls_version' }, on: 'tls' }],
  tls_client_cert_required: [{ fault: { type: 'tls_client_cert_required' }, on: 'tls' }],
  alpn_h1_only: [{ fault: { type: 'alpn_h1_only' }, on: 'tls' }],
  alpn_mismatch: [{ fault: { type: 'alpn_mismatch' }, on: 'tls' }],
  tls_corrupt_record: [
    { fault: { type: 'tls_corrupt_record' } },
    { fault: { type: 'tls_corrupt_record' }, on: `response-body(${midway})` },
  ],
  tls_no_close_notify: [
    { fault: { type: 'tls_no_close_notify' } },
    { fault: { type: 'tls_no_close_notify', bytes: midway } },
    { fault: { type: 'tls_no_close_notify', bytes: 0 }, on: `response-body(${midway})` },
    { fault: { type: 'tls_no_close_notify' }, on: 'response-end' },
  ],
  tls_reset_mid_body: [{ fault: { type: 'tls_reset_mid_body' }, on: `response-body(${midway})` }],
}
