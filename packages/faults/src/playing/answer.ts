/** The bytes of answers, and the plays that write them. */
import type { Claim, Exchange, PlainFault } from "../Fault.ts"

export type Play = PlainFault["play"]

export const fault = (
  name: string,
  says: Claim,
  play: Play,
  {
    accepts = says === "accepted",
    at = "request",
  }: Partial<Pick<PlainFault, "accepts" | "at">> = {},
): PlainFault => ({ name, at, accepts, says, play })

/** A fault that does not reveal whether the message was accepted, in two variants: not accepted and accepted. */
export const either = (
  name: string,
  play: Play,
  { at = "request" }: Partial<Pick<PlainFault, "at">> = {},
): ReadonlyArray<PlainFault> => [
  fault(name, "unknown", play, { at }),
  fault(`accepts; ${name}`, "unknown", play, { accepts: true, at }),
]

export const write =
  (text: string): Play =>
  ({ socket }) => {
    socket.write(text, "latin1")
  }

export const writeAndClose =
  (text: string): Play =>
  ({ socket }) => {
    socket.end(text, "latin1")
  }

export const writeAndReset =
  (text: string): Play =>
  ({ socket }) => {
    socket.write(text, "latin1", () => socket.resetAndDestroy())
  }

/** Writes the head of an answer, and no more. */
export const writeAndHang =
  (text: string): Play =>
  ({ fallSilentAfterHead, socket }: Exchange) => {
    fallSilentAfterHead()
    socket.write(text, "latin1")
  }

/** An answer after which the connection stays open for the next request. */
export const answer = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = "",
): string =>
  [
    `HTTP/1.1 ${status} Status`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(status === 204 ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
    "",
    body,
  ].join("\r\n")

/** The body of an error, as the API documents it. */
export const problemBody = (status: number): string =>
  JSON.stringify({ status, title: "Played", detail: "The test asked for it" })

/** An error, as the API documents it. */
export const problem = (status: number, headers: Readonly<Record<string, string>> = {}): string =>
  answer(status, { "content-type": "application/problem+json", ...headers }, problemBody(status))

/** The head of an answer, followed by only a part of the announced body. */
export const half = (
  status: number,
  headers = "content-type: application/json\r\n",
  part = '{"detail":"Inv',
): string => `HTTP/1.1 ${status} Status\r\n${headers}content-length: 100\r\n\r\n${part}`

/** The page of a proxy. */
export const html =
  "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1><p>nginx</p></body></html>"

export const refuse = (status: number, headers?: Readonly<Record<string, string>>): PlainFault =>
  fault(
    `${status}${headers === undefined ? "" : `, ${Object.entries(headers).flat().join(": ")}`}`,
    "not-sent",
    write(problem(status, headers)),
  )
