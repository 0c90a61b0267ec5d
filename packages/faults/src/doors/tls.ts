/**
 * A TLS connection, seen from below: what was written is known record by record, so that the test can write another record with
 * the server's own keys, or bytes that are not a TLS record.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls"
import { certificate } from "../certificates.ts"
import type { TlsExchange, TlsVersion } from "../Fault.ts"

const contexts: Readonly<Record<TlsVersion, SecureContext>> = {
  "TLSv1.2": createSecureContext({
    ...certificate("loopback"),
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
    ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256",
  }),
  "TLSv1.3": createSecureContext({
    ...certificate("loopback"),
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ciphers: "TLS_AES_128_GCM_SHA256",
  }),
}

export type TlsConnection = Omit<TlsExchange, "fallSilent">

/** Speaks TLS on a connection, and calls `onData` with what was decrypted. */
export const speakTls = (
  socket: Socket,
  version: TlsVersion,
  onData: (chunk: Buffer, connection: TlsConnection) => void,
): void => {
  const written = recordsIn()
  const below = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk)
      if (socket.destroyed) done()
      else socket.write(chunk, () => done())
    },
    final: (done) => {
      socket.end()
      done()
    },
    destroy: (_error, done) => {
      socket.destroy()
      done(null)
    },
  })
  socket.on("data", (chunk) => below.push(chunk))
  socket.on("end", () => below.push(null))
  socket.on("close", () => below.destroy())

  const secrets = new Map<string, Secret>()
  const secure = new TLSSocket(below, { isServer: true, secureContext: contexts[version] })
  secure.on("keylog", (line: Buffer) => {
    const [label = "", random = "", secret = ""] = line.toString("latin1").trim().split(" ")
    secrets.set(label, {
      clientRandom: Buffer.from(random, "hex"),
      secret: Buffer.from(secret, "hex"),
    })
  })
  secure.on("error", () => socket.destroy())

  const seal = version === "TLSv1.3" ? seal13 : seal12
  const connection: TlsConnection = {
    socket,
    writePlain: (bytes) => void socket.write(bytes),
    writeSealed: (type, bytes) => void socket.write(seal(secrets, written.records, type, bytes)),
    answer: (text) => void secure.write(text, "latin1"),
    close: () => void secure.end(),
  }
  secure.on("data", (chunk: Buffer) => onData(chunk, connection))
}

// -----------------------------------------------------------------------------
// Records
// -----------------------------------------------------------------------------

interface Secret {
  readonly clientRandom: Buffer
  readonly secret: Buffer
}

interface Records {
  readonly records: ReadonlyArray<Buffer>
  readonly push: (chunk: Buffer) => void
}

const recordsIn = (): Records => {
  const records: Array<Buffer> = []
  let rest = Buffer.alloc(0)
  return {
    records,
    push: (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
        const length = 5 + rest.readUInt16BE(3)
        records.push(rest.subarray(0, length))
        rest = rest.subarray(length)
      }
    },
  }
}

const recordTypes = { changeCipherSpec: 20, handshake: 22, data: 23 }

const header = (type: number, length: number): Buffer =>
  Buffer.from([type, 3, 3, length >> 8, length & 0xff])

type Seal = (
  secrets: ReadonlyMap<string, Secret>,
  records: ReadonlyArray<Buffer>,
  type: number,
  bytes: Uint8Array,
) => Buffer

const secretOf = (secrets: ReadonlyMap<string, Secret>, label: string): Secret => {
  const found = secrets.get(label)
  if (found === undefined) throw new Error(`TLS has not derived ${label} yet`)
  return found
}

// -----------------------------------------------------------------------------
// TLS 1.3 (RFC 8446)
// -----------------------------------------------------------------------------

const seal13: Seal = (secrets, records, type, bytes) => {
  const { secret } = secretOf(secrets, "SERVER_TRAFFIC_SECRET_0")
  const key = expandLabel(secret, "key", 16)
  const iv = expandLabel(secret, "iv", 12)
  const nonce = (sequence: number): Buffer => {
    const own = Buffer.from(iv)
    own.writeUInt32BE((own.readUInt32BE(8) ^ sequence) >>> 0, 8)
    return own
  }
  // Records of the handshake look the same, but have other keys.
  let sequence = 0
  for (const record of records) {
    if (record[0] === recordTypes.data && opens(key, nonce(sequence), record)) sequence += 1
  }
  const inner = Buffer.concat([bytes, Buffer.from([type])])
  const head = header(recordTypes.data, inner.length + 16)
  const cipher = createCipheriv("aes-128-gcm", key, nonce(sequence)).setAAD(head)
  return Buffer.concat([head, cipher.update(inner), cipher.final(), cipher.getAuthTag()])
}

const opens = (key: Buffer, nonce: Buffer, record: Buffer): boolean => {
  const decipher = createDecipheriv("aes-128-gcm", key, nonce)
    .setAAD(record.subarray(0, 5))
    .setAuthTag(record.subarray(-16))
  decipher.update(record.subarray(5, -16))
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}

const expandLabel = (secret: Buffer, name: string, length: number): Buffer => {
  const label = Buffer.from(`tls13 ${name}`)
  // No key needs more than one block.
  const info = Buffer.concat([Buffer.from([0, length, label.length]), label, Buffer.from([0, 1])])
  return createHmac("sha256", secret).update(info).digest().subarray(0, length)
}

// -----------------------------------------------------------------------------
// TLS 1.2 (RFC 5246, RFC 5288)
// -----------------------------------------------------------------------------

const seal12: Seal = (secrets, records, type, bytes) => {
  const { clientRandom, secret } = secretOf(secrets, "CLIENT_RANDOM")
  const hello = records.find((record) => record[0] === recordTypes.handshake)
  if (hello === undefined) throw new Error("TLS has not begun yet")
  const serverRandom = hello.subarray(11, 43)
  const block = expand(
    secret,
    Buffer.concat([Buffer.from("key expansion"), serverRandom, clientRandom]),
    40,
  )
  const key = block.subarray(16, 32)
  const salt = block.subarray(36, 40)
  const changed = records.findIndex((record) => record[0] === recordTypes.changeCipherSpec)
  const sequence = Buffer.alloc(8)
  sequence.writeUInt32BE(records.length - changed - 1, 4)
  const cipher = createCipheriv("aes-128-gcm", key, Buffer.concat([salt, sequence])).setAAD(
    Buffer.concat([sequence, header(type, bytes.length)]),
  )
  const sealed = Buffer.concat([
    sequence,
    cipher.update(bytes),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return Buffer.concat([header(type, sealed.length), sealed])
}

const expand = (secret: Buffer, seed: Buffer, length: number): Buffer => {
  const hmac = (bytes: Buffer): Buffer => createHmac("sha256", secret).update(bytes).digest()
  const blocks: Array<Buffer> = []
  for (let a = hmac(seed); blocks.length * 32 < length; a = hmac(a)) {
    blocks.push(hmac(Buffer.concat([a, seed])))
  }
  return Buffer.concat(blocks).subarray(0, length)
}
