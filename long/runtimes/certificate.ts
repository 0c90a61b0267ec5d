/** A self-signed certificate for 127.0.0.1, which no runtime trusts, made for one run. */
import { generateKeyPairSync, sign } from "node:crypto"

export interface Certificate {
  /** In PEM. */
  readonly key: string
  readonly cert: string
}

/** Makes a certificate (RFC 5280), valid from yesterday to tomorrow. Only its issuer is at fault. */
export const makeCertificate = (): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const day = 24 * 60 * 60 * 1000
  const body = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(utcTime(Date.now() - day), utcTime(Date.now() + day)),
    name,
    publicKey.export({ format: "der", type: "spki" }),
    der(0xa3, sequence(sequence(subjectAltName, der(0x04, sequence(address))))),
  )
  const signature = sign("sha256", body, privateKey)
  const certificate = sequence(
    body,
    ecdsaWithSha256,
    der(0x03, Buffer.concat([Buffer.of(0), signature])),
  )
  return {
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
  }
}

// -----------------------------------------------------------------------------
// DER (X.690)
// -----------------------------------------------------------------------------

const der = (tag: number, ...contents: ReadonlyArray<Uint8Array>): Buffer => {
  const content = Buffer.concat(contents)
  const { length } = content
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : [0x82, Math.floor(length / 0x100), length % 0x100]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

const sequence = (...contents: ReadonlyArray<Uint8Array>): Buffer => der(0x30, ...contents)

const integer = (value: number): Buffer => der(0x02, Buffer.of(value))

const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"))

const utcTime = (millis: number): Buffer =>
  der(
    0x17,
    Buffer.from(`${new Date(millis).toISOString().slice(2, 19).replaceAll(/\D/g, "")}Z`, "ascii"),
  )

/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = sequence(objectId("2a8648ce3d040302"))

/** 2.5.29.17 */
const subjectAltName = objectId("551d11")

/** An iPAddress of a GeneralName. */
const address = der(0x87, Buffer.of(127, 0, 0, 1))

/** A common name (2.5.4.3). */
const name = sequence(
  der(0x31, sequence(objectId("550403"), der(0x0c, Buffer.from("effect-sent test")))),
)
