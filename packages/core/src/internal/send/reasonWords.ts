/** What each reason means, in words: for the pages and for a dashboard. A bundle of a program that sends has none of them. */
import type { Reason } from "./reason.ts"
import { type Conditions, reasonTable, type ReasonTable, type ReasonWords } from "./reasonTable.ts"

const byField = {
  recipient: "if only `phoneNumber`, or recipients in `to`, are wrong",
  operator: "otherwise",
}

/** A reason whose facts are always the same needs no `when`. */
type Words<C> = keyof C extends never ? unknown : { readonly when: C }

/** The words of each reason, and of each fact that depends on its data. */
const reasonWords: { readonly [Tag in Reason["_tag"]]: ReasonWords & Words<Conditions[Tag]> } = {
  InvalidRequest: {
    occurs: "the input is malformed; `issues` lists every field",
    remedy: "fix the fields in `issues`",
    when: { mendedBy: byField },
  },
  InvalidOptions: {
    occurs: "an option of a layer or of a send is invalid; `issues` lists each",
    remedy: "fix the options in `issues`",
  },
  CredentialsUnavailable: {
    occurs: "credentials are missing, malformed, or were rejected three times in a row",
    remedy: "check where they are stored; after three 401s, replace them",
  },
  ValidationFailed: {
    occurs: "400 with field errors",
    remedy: "fix the fields in `fieldErrors`",
    when: { mendedBy: byField },
  },
  InvalidPhoneNumber: {
    occurs: "400 `Invalid phone number`, or `VALIDATION_002`",
    remedy: "ask the recipient for another number",
  },
  TemplateNotFound: {
    occurs: "400 `Template not found`, or `RESOURCE_002` (404)",
    remedy: "check that the template exists in this account",
  },
  InsufficientBalance: {
    occurs:
      "400 `Insufficient balance`, or `BUSINESS_003` (422); with the balance and the estimated cost as exact decimals",
    remedy: "top up the account",
  },
  RequestRejected: {
    occurs: "any other 400, 413, 415, 422",
    remedy: "read `detail` and fix the request",
    when: {
      provesCredentials: { yes: "a 400 with a `detail` in the service's form", no: "otherwise" },
    },
  },
  CredentialsRejected: {
    occurs: "401; `header` names the header at fault, if the service does",
    remedy: "check whether the key was rotated; the provider locks it after ten failures in a row",
  },
  AccessDenied: {
    occurs: "403; `foreign` is `page` if it is an HTML page, as firewalls send it",
    remedy:
      "check what this account is allowed to do; for a page, the firewalls and proxies on the way",
    when: { provesCredentials: { yes: "if `foreign` is absent", no: "otherwise" } },
  },
  EndpointNotFound: {
    occurs: "404",
    remedy: "check `baseUrl` (`SENT_BASE_URL`)",
  },
  MessageNotFound: {
    occurs: "`RESOURCE_003` (404), of a look-up",
    remedy: "check the id, the account and the profile",
  },
  KeyConflict: {
    occurs:
      "409 under an idempotency key; `CONFLICT_001`: a request with the same key is under way",
    remedy: "wait, and send again with the same key, never with a new one",
    when: {
      mendedBy: { time: "with `CONFLICT_001`", operator: "otherwise" },
      settledByKey: { yes: "with `CONFLICT_001`", no: "otherwise" },
    },
  },
  RateLimited: {
    occurs: "429; with `retryAfter` and the limits",
    remedy: "send more slowly: set the layer's `rateLimit`",
  },
  ServiceOverloaded: {
    occurs: "503",
    remedy: "wait; check the provider's status page",
    when: {
      delivery: { "not-sent": "with `Retry-After` or `SERVICE_001`", unknown: "otherwise" },
      settledByKey: { yes: "with `Retry-After`, and without `SERVICE_001`", no: "otherwise" },
    },
  },
  ServerFailed: {
    occurs: "any other 5xx",
    remedy: "do not send again blindly: wait for an update, or look at the dashboard",
    when: { mendedBy: { time: "500, 502, 504", provider: "otherwise" } },
  },
  UnexpectedResponse: {
    occurs:
      "a redirect (never followed), a 2xx that is not an acceptance, 408, or any other status",
    remedy: "check `baseUrl` and the proxies on the way",
    when: {
      delivery: { "not-sent": "for a 4xx other than 408", unknown: "otherwise" },
      mendedBy: { time: "408", operator: "otherwise" },
    },
  },
  ConnectionFailed: {
    occurs: "the DNS lookup, the connection or the TLS handshake failed",
    remedy: "check the network, the firewall and the certificates: `stage` and `code`",
    when: {
      mendedBy: { time: "DNS and connect", operator: "TLS, and a port that `fetch` blocks" },
    },
  },
  ConnectionLost: {
    occurs: "the connection broke, or the response was not HTTP",
    remedy: "do not send again blindly: wait for an update, or look at the dashboard",
  },
  TimedOut: {
    occurs: "no response in time, or the deadline of the send passed",
    remedy: "compare `after` with `timeout` and `deadline` to see which it was",
    when: {
      delivery: {
        "not-sent": "while waiting or connecting",
        unknown: "once a request is in flight",
      },
    },
  },
  RequestRepeated: {
    occurs: "the `HttpClient` repeated or redirected the request on its own",
    remedy:
      "remove `retry`, `retryTransient` and `followRedirects` from the `HttpClient`; give a `Pool` of undici `allowH2: false`",
  },
  CircuitOpen: {
    occurs: "the circuit breaker is open",
    remedy: "look at the failures before it; it closes by itself",
  },
}

/** The table of the reasons, with its words. */
export const makeReasonTable = (): ReasonTable =>
  // Both have a row for every reason, and a `when` for every fact that is a function.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  Object.fromEntries(
    Object.entries(reasonTable).map(([tag, row]) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const { when = {}, ...words }: WithWhen = reasonWords[tag as Reason["_tag"]]
      const conditional = Object.entries(when).map(([fact, values]) => [
        fact,
        { of: Reflect.get(row, fact), when: values },
      ])
      return [tag, { ...row, ...words, ...Object.fromEntries(conditional) }]
    }),
  ) as ReasonTable

interface WithWhen extends ReasonWords {
  readonly when?: object
}
