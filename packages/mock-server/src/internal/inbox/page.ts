/** Serves the files of the built inbox page. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { readFile } from "node:fs/promises"

const files = {
  "": ["index.html", "text/html; charset=utf-8"],
  "inbox.js": ["inbox.js", "text/javascript; charset=utf-8"],
  "inbox.css": ["inbox.css", "text/css; charset=utf-8"],
  "icon.svg": ["icon.svg", "image/svg+xml"],
} as const

type PageName = keyof typeof files

/** The files of the page by their paths below `/__mock/`. */
export const pageNames: ReadonlyArray<PageName> = ["", "inbox.js", "inbox.css", "icon.svg"]

/** The page loads files from this server only, and must not turn text into markup. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ")

export const pageFile = (name: PageName): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const [file, contentType] = files[name]
  // The same relative path from src/internal/inbox and from dist/internal/inbox.
  const url = new URL(`../../../page/${file}`, import.meta.url)
  return Effect.map(
    Effect.promise(() => readFile(url)),
    (bytes) =>
      HttpServerResponse.uint8Array(bytes, {
        contentType,
        headers: {
          "content-security-policy": policy,
          "cross-origin-opener-policy": "same-origin",
          "cross-origin-resource-policy": "same-origin",
          "referrer-policy": "no-referrer",
          "x-content-type-options": "nosniff",
          // Another version of the mock may listen on the same port later.
          "cache-control": "no-cache",
        },
      }),
  )
}
