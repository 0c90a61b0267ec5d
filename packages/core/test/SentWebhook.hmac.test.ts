/** HMAC by Web Crypto and by `node:crypto`: both produce and accept the same signatures. */
import { SentWebhook } from "@effect-sent/core"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { WebCrypto } from "effect/crypto"
import { Webhook as Standard } from "standardwebhooks"

const secret = `whsec_${Buffer.from("a key of the tests, and no other").toString("base64")}`
const id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

/** The runtime's Web Crypto under another name, and what of it was called. */
const countedWebCrypto = () => {
  const calls: Array<string> = []
  const counting = <A extends object>(object: A): A =>
    new Proxy(object, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (name === "subtle") return counting(globalThis.crypto.subtle)
        calls.push(String(name))
        return typeof member === "function" ? member.bind(target) : member
      },
    })
  return { calls, layer: WebCrypto.layer(counting(globalThis.crypto)) }
}

const ways: ReadonlyArray<readonly [name: string, make: () => Layer.Layer<never>]> = [
  ["Web Crypto", () => countedWebCrypto().layer],
  ["node:crypto", () => Layer.empty],
]

const bodies = ["", "{}", '{"field":"żółć 🎉"}', `{"field":"${"x".repeat(10_000)}"}`]

describe.each(ways)("by %s", (_, make) => {
  it.effect("signs as standardwebhooks does", () =>
    Effect.gen(function* () {
      for (const body of bodies) {
        const headers = yield* SentWebhook.sign(body, { secret, id, timestamp: 1_700_000_000 })
        const expected = new Standard(secret).sign(id, new Date(1_700_000_000_000), body)
        assert.strictEqual(headers["x-webhook-signature"], expected)
      }
    }).pipe(Effect.provide(make())),
  )

  it.effect("accepts the exact tag and nothing else", () =>
    Effect.gen(function* () {
      const right = yield* SentWebhook.sign("{}", { secret, id })
      yield* SentWebhook.verify({ headers: right, body: "{}" }, { secret })
      const tag = Buffer.from((right["x-webhook-signature"] ?? "").slice(3), "base64")
      for (let bit = 0; bit < tag.length * 8; bit++) {
        const changed = Buffer.from(tag)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const headers = { ...right, "x-webhook-signature": `v1,${changed.toString("base64")}` }
        const error = yield* Effect.flip(SentWebhook.verify({ headers, body: "{}" }, { secret }))
        assert.strictEqual(error.reason._tag, "BadSignature")
      }
    }).pipe(Effect.provide(make())),
  )
})

describe("the implementation", () => {
  it.effect("is Web Crypto if the program provides one", () => {
    const { calls, layer } = countedWebCrypto()
    return Effect.gen(function* () {
      const headers = yield* SentWebhook.sign("{}", { secret, id })
      yield* SentWebhook.verify({ headers, body: "{}" }, { secret })
      assert.deepStrictEqual(calls, ["importKey", "sign", "importKey", "sign"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is Web Crypto if the program provides that of the runtime", () =>
    Effect.gen(function* () {
      const importKey = vi.spyOn(globalThis.crypto.subtle, "importKey")
      yield* SentWebhook.sign("{}", { secret, id })
      assert.strictEqual(importKey.mock.calls.length, 1)
      importKey.mockRestore()
    }).pipe(Effect.provide(WebCrypto.layer(globalThis.crypto))),
  )

  it.effect("computes the HMAC once for each secret, however many signatures there are", () => {
    const { calls, layer } = countedWebCrypto()
    return Effect.gen(function* () {
      const wrong = Array.from({ length: 10 }, () => `v1,${"A".repeat(43)}=`).join(" ")
      const headers = yield* SentWebhook.sign("{}", { secret, id })
      calls.length = 0
      yield* Effect.flip(
        SentWebhook.verify(
          { headers: { ...headers, "x-webhook-signature": wrong }, body: "{}" },
          {
            secret: [secret, `whsec_${Buffer.from("the key before this one").toString("base64")}`],
          },
        ),
      )
      assert.deepStrictEqual(calls, ["importKey", "importKey", "sign", "sign"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is node:crypto where the runtime has it", () =>
    Effect.gen(function* () {
      const importKey = vi.spyOn(globalThis.crypto.subtle, "importKey")
      yield* SentWebhook.sign("{}", { secret, id })
      assert.strictEqual(importKey.mock.calls.length, 0)
      importKey.mockRestore()
    }),
  )

  it.effect.each<readonly [name: string, builtin: object | undefined]>([
    ["has no node:crypto", undefined],
    ["has only a part of it", { createHmac: () => undefined }],
  ])("is Web Crypto where the runtime %s", ([, builtin]) =>
    Effect.gen(function* () {
      const importKey = vi.spyOn(globalThis.crypto.subtle, "importKey")
      const replaced = Object.getOwnPropertyDescriptor(process, "getBuiltinModule") ?? {}
      Object.defineProperty(process, "getBuiltinModule", { ...replaced, value: () => builtin })
      yield* Effect.ensuring(
        SentWebhook.sign("{}", { secret, id }),
        Effect.sync(() => Object.defineProperty(process, "getBuiltinModule", replaced)),
      )
      assert.strictEqual(importKey.mock.calls.length, 1)
      importKey.mockRestore()
    }),
  )
})
