import type { JSX } from "preact"
import { useMemo } from "preact/hooks"
import { layOut } from "./json.ts"
import { madeVisible } from "./text.ts"

/** Formats and colours JSON text. Shows other text unchanged. */
export const Json = ({ text }: { readonly text: string }): JSX.Element => {
  const tokens = useMemo(() => layOut(text), [text])
  return (
    <>
      {tokens.map((token, index) =>
        token.kind === "plain" ? (
          madeVisible(token.text)
        ) : (
          <span key={index} class={`json-${token.kind}`}>
            {madeVisible(token.text)}
          </span>
        ),
      )}
    </>
  )
}
