/**
 * What a fault is: what the server does with a request, and what may be claimed about the message.
 */
import type { Http2Session, ServerHttp2Stream } from "node:http2"
import type { Socket } from "node:net"
import type { TlsOptions } from "node:tls"

/** The final claim of a client about a message. */
export type Claim = "accepted" | "not-sent" | "unknown"

/** What every fault has. */
interface Named {
  readonly name: string
  /** Whether the server accepts the message. It does so before it writes. */
  readonly accepts: boolean
  /** The correct claim about the message. */
  readonly says: Claim
}

/** A fault over plain TCP. */
export interface PlainFault extends Named {
  /** When the fault is played: after the whole request was read, after its head was, before any byte, or before connecting. */
  readonly at: "request" | "head" | "connection" | "connect"
  readonly play: (exchange: Exchange) => void
}

/** A fault of a TLS connection over which the whole request was read. */
export interface TlsFault extends Named {
  readonly at: "tls"
  readonly version: TlsVersion
  readonly play: (exchange: TlsExchange) => void
}

/** A fault in place of a TLS connection. */
export interface HandshakeFault extends Named {
  readonly at: "handshake"
  /** How the server speaks TLS, or what it does once the client has begun to. */
  readonly server: TlsOptions | ((socket: Socket, fallSilent: () => void) => void)
}

/** A connect that nobody answers, over plain TCP or TLS. */
export interface UnansweredFault extends Named {
  readonly at: "unanswered"
  readonly scheme: "http" | "https"
}

/** A fault of an HTTP/2 stream. A client that speaks HTTP/1.1 to the same server gets a 204. */
export interface Http2Fault extends Named {
  /** When the fault is played: as the stream opens, or after the whole request was read. */
  readonly at: "stream" | "streamed"
  readonly play: (exchange: Http2Exchange) => void
}

/** What the server does with a request. */
export type Fault = PlainFault | TlsFault | HandshakeFault | UnansweredFault | Http2Fault

/** The connection on which a fault is played. */
export interface Exchange {
  readonly socket: Socket
  /** Notifies the test that no more bytes follow, so that only a clock can end the wait. */
  readonly fallSilent: () => void
  /** Notifies the test once the client has read the head of the answer: no more bytes follow. */
  readonly fallSilentAfterHead: () => void
  /** Calls `next` instead of reading when more bytes arrive on the same connection. */
  readonly ambush: (next: () => void) => void
  /** The origin that redirects lead to. */
  readonly elsewhere: string
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3"

/** The TLS connection on which a fault is played. */
export interface TlsExchange {
  /** Writes below TLS. */
  readonly writePlain: (bytes: Uint8Array) => void
  /** Writes a record of this type, encrypted with the keys of the server. */
  readonly writeSealed: (type: number, bytes: Uint8Array) => void
  /** Writes an answer. */
  readonly answer: (text: string) => void
  /** Ends TLS with a close_notify, then the connection. */
  readonly close: () => void
  /** The connection below TLS. */
  readonly socket: Socket
  readonly fallSilent: () => void
}

/** The stream on which a fault is played. */
export interface Http2Exchange {
  readonly stream: ServerHttp2Stream
  readonly session: Http2Session
  /** The connection below TLS. */
  readonly socket: Socket
  /** Leaves it to the client to close the session. */
  readonly leaveToClient: () => void
  /** Calls `next` once the client has read everything that was written. */
  readonly afterRead: (next: () => void) => void
}
