/** SHA-256, as text. */
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Makes a function that returns the digest of bytes in hexadecimal. */
export const makeSha256: Effect.Effect<(bytes: Uint8Array) => Effect.Effect<string>> =
  /* @__PURE__ */ Effect.scoped(
    /* @__PURE__ */ Effect.map(
      /* @__PURE__ */ Layer.build(Digest.layerWebCrypto),
      (context) => (bytes) =>
        Effect.orDie(Context.get(context, Digest.Digest).digestHex(Digest.sha256, bytes)),
    ),
  )
