/**
 * Makes the certificates of the fault server with `openssl`: `pnpm exec tsx packages/faults/scripts/makeCertificates.ts`.
 *
 * The keys of the two authorities are discarded, so that nobody can issue another certificate that the tests trust.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const target = fileURLToPath(new URL("../certificates/", import.meta.url))
const work = mkdtempSync(join(tmpdir(), "certificates-"))
mkdirSync(target, { recursive: true })

const openssl = (...options: ReadonlyArray<string>): void => {
  execFileSync("openssl", options, { cwd: work, stdio: "ignore" })
}

// `openssl ca` is the only command of OpenSSL 3.0 that takes the dates of a certificate.
writeFileSync(
  join(work, "ca.cnf"),
  [
    "[ca]\ndefault_ca = this",
    "[this]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = any\nunique_subject = no",
    "[any]\ncommonName = supplied",
  ].join("\n"),
)
writeFileSync(join(work, "index.txt"), "")

const begins = "20200101000000Z"
const decades = "21200101000000Z"
const loopback = "subjectAltName = IP:127.0.0.1, DNS:localhost"
const key = join(target, "key.pem")

const newKey = (file: string): void =>
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file)

interface Certificate {
  readonly name: string
  readonly extensions: string
  readonly ends?: string
  /** By default, the certificate signs itself with this key. */
  readonly key?: string
  readonly issuer?: string
}

const issue = ({
  ends = decades,
  extensions,
  issuer,
  key: own = key,
  name,
}: Certificate): string => {
  const out =
    issuer === undefined && own !== key ? join(work, `${name}.pem`) : join(target, `${name}.pem`)
  writeFileSync(join(work, "extensions"), extensions)
  openssl(
    "req",
    "-new",
    "-key",
    own,
    "-subj",
    `/CN=effect-sent tests ${name}`,
    "-out",
    "request.pem",
  )
  openssl(
    "ca",
    "-batch",
    "-notext",
    "-config",
    "ca.cnf",
    "-in",
    "request.pem",
    "-out",
    out,
    "-extfile",
    "extensions",
    "-startdate",
    begins,
    "-enddate",
    ends,
    ...(issuer === undefined
      ? ["-selfsign", "-keyfile", own]
      : ["-cert", `${issuer}.pem`, "-keyfile", `${issuer}.key`]),
  )
  return out
}

newKey(key)
for (const name of ["authority", "unknownAuthority"]) {
  newKey(join(work, `${name}.key`))
  issue({
    name,
    extensions: "basicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign",
    key: join(work, `${name}.key`),
  })
}
openssl("x509", "-in", "authority.pem", "-out", join(target, "authority.pem"))
issue({ name: "loopback", issuer: "authority", extensions: loopback })
issue({ name: "otherHost", issuer: "authority", extensions: "subjectAltName = DNS:other.example" })
issue({ name: "expired", issuer: "authority", extensions: loopback, ends: "20210101000000Z" })
issue({ name: "unknownIssuer", issuer: "unknownAuthority", extensions: loopback })
issue({ name: "selfSigned", extensions: loopback })
rmSync(work, { recursive: true })
