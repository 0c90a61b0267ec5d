/** Ends of a TLS connection over which the message was read and accepted. None of them says so. */
import type { Claim, TlsExchange, TlsFault, TlsVersion } from "../Fault.ts"
import { answer } from "./answer.ts"

/** The types of TLS records. */
const record = { alert: 21, handshake: 22, data: 23 }

const bytes = (...values: ReadonlyArray<number>): Buffer => Buffer.from(values)
const filled = (length: number): ReadonlyArray<number> => Array.from({ length }, () => 7)

type End = readonly [name: string, play: (exchange: TlsExchange) => void]

/** Most clients wait for more after such bytes, so that only a time-out ends the request. */
const plain = (name: string, written: Buffer): End => [
  name,
  ({ fallSilent, writePlain }) => {
    writePlain(written)
    fallSilent()
  },
]

const sealed = (name: string, type: number, written: Buffer): End => [
  name,
  ({ fallSilent, writeSealed }) => {
    writeSealed(type, written)
    fallSilent()
  },
]

/** The alerts that a handshake has, too. */
export const alerts = {
  unexpected_message: 10,
  handshake_failure: 40,
  unknown_ca: 48,
  protocol_version: 70,
  internal_error: 80,
  unrecognized_name: 112,
  certificate_required: 116,
  no_application_protocol: 120,
}

const ends: ReadonlyArray<End> = [
  plain("plain HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
  plain("zeros", Buffer.alloc(32)),
  plain("a record of SSL 3.0", bytes(record.data, 3, 0, 0, 20, ...filled(20))),
  plain("a record of TLS 1.0", bytes(record.data, 3, 1, 0, 20, ...filled(20))),
  plain("a record that is too long", bytes(record.data, 3, 3, 0xff, 0xff, ...filled(64))),
  plain("a record with a wrong MAC", bytes(record.data, 3, 3, 0, 40, ...filled(40))),
  plain("a record of an unknown type", bytes(99, 3, 3, 0, 20, ...filled(20))),
  plain(
    "a handshake record that is not encrypted",
    bytes(record.handshake, 3, 3, 0, 4, 0, 0, 0, 0),
  ),
  plain(
    "an alert that is not encrypted",
    bytes(record.alert, 3, 3, 0, 2, 2, alerts.handshake_failure),
  ),
  ...Object.entries(alerts).map(([name, code]) =>
    sealed(`alert ${name}`, record.alert, bytes(2, code)),
  ),
  sealed("alert close_notify", record.alert, bytes(1, 0)),
  sealed("a certificate after the handshake", record.handshake, bytes(11, 0, 0, 4, 0, 0, 0, 0)),
  ["close_notify, then FIN", ({ close }) => close()],
  ["FIN", ({ socket }) => socket.end()],
  ["RST", ({ socket }) => socket.resetAndDestroy()],
  [
    "half a status line, then FIN",
    ({ answer: write, close }) => {
      write("HTTP/1.1 204 No Con")
      close()
    },
  ],
  ["never answers", ({ fallSilent }) => fallSilent()],
]

const versions: ReadonlyArray<TlsVersion> = ["TLSv1.2", "TLSv1.3"]

const over = (
  version: TlsVersion,
  name: string,
  says: Claim,
  play: TlsFault["play"],
): TlsFault => ({
  name: `${version}: ${says === "accepted" ? "" : "accepts; "}${name}`,
  at: "tls",
  version,
  accepts: true,
  says,
  play,
})

/** The regular answers over TLS: the message is accepted. */
export const tlsAccepts: Readonly<Record<TlsVersion, TlsFault>> = {
  "TLSv1.2": over("TLSv1.2", "204", "accepted", ({ answer: write }) => write(answer(204))),
  "TLSv1.3": over("TLSv1.3", "204", "accepted", ({ answer: write }) => write(answer(204))),
}

export const tlsFaults: ReadonlyArray<TlsFault> = versions.flatMap((version) =>
  [tlsAccepts[version]].concat(ends.map(([name, play]) => over(version, name, "unknown", play))),
)
