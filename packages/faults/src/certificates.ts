/**
 * The certificates of the fault server, made by `scripts/makeCertificates.ts`. They are for the loopback interface, and the keys
 * of their authorities no longer exist.
 */
import { readFileSync } from "node:fs"
import { getCACertificates, setDefaultCACertificates } from "node:tls"

const read = (name: string): string =>
  readFileSync(new URL(`../certificates/${name}.pem`, import.meta.url), "utf8")

/** A certificate and its key, as a server takes them. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export const certificate = (
  name: "authority" | "expired" | "loopback" | "otherHost" | "selfSigned" | "unknownIssuer",
): Certificate => ({ cert: read(name), key: read("key") })

let trusted = false

/** Makes every client of this process trust the test authority: `fetch` has no option for it. */
export const trustTestAuthority = (): void => {
  if (trusted) return
  trusted = true
  setDefaultCACertificates([...getCACertificates("default"), certificate("authority").cert])
}
