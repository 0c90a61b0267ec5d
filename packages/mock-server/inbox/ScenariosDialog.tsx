import type { JSX } from "preact"
import { useState } from "preact/hooks"
import type { Scenario } from "./api.ts"
import { Dialog } from "./Dialog.tsx"
import { Icon } from "./Icon.tsx"
import { IconButton } from "./IconButton.tsx"
import { toneOf, type Tone } from "./status.ts"
import { duration } from "./time.ts"

/** The name of an example begins with its status, and may continue with its form: `delivered-lower-case`. */
const toneOfExample = (example: string): Tone => toneOf(example.replace(/-.*/, "").toUpperCase())

/** The answers and updates of a scenario. */
const Steps = ({ scenario }: { readonly scenario: Scenario }): JSX.Element => (
  <span class="steps">
    {scenario.answers.map((answer, index) => (
      <span
        key={`answer-${index}`}
        class={`step step-${answer.status < 400 ? "answer" : "refused"}`}
      >
        {answer.lost === undefined ? answer.status : `${answer.status} lost`}
        {answer.delayMillis !== undefined && answer.delayMillis > 0
          ? ` after ${duration(answer.delayMillis)}`
          : ""}
      </span>
    ))}
    {scenario.updates.map((update, index) => (
      <span key={`update-${index}`} class={`step step-${toneOfExample(update.example)}`}>
        {update.example} {duration(update.afterMillis)}
      </span>
    ))}
  </span>
)

const About = ({ scenario }: { readonly scenario: Scenario }): JSX.Element => (
  <>
    <span class="scenario-name">{scenario.name}</span>
    <span class="scenario-summary">{scenario.summary}</span>
    <Steps scenario={scenario} />
  </>
)

const Group = (props: {
  readonly heading: string
  readonly scenarios: ReadonlyArray<Scenario>
  readonly copied: string | undefined
  readonly onCopy: (phoneNumber: string) => void
  readonly onPlay: (name: string) => void
}): JSX.Element => (
  <section>
    <h3>{props.heading}</h3>
    <ul class="scenarios">
      {props.scenarios.map((scenario) => {
        const { name, phoneNumber } = scenario
        return (
          <li key={name}>
            {phoneNumber === undefined ? (
              <div class="scenario">
                <span class="scenario-number">any other number</span>
                <About scenario={scenario} />
              </div>
            ) : (
              <button
                type="button"
                class="scenario"
                title="Copy the number"
                onClick={() => props.onCopy(phoneNumber)}
              >
                <span class="scenario-number">
                  {phoneNumber}
                  <Icon name={props.copied === phoneNumber ? "tick" : "copy"} />
                </span>
                <About scenario={scenario} />
              </button>
            )}
            <button
              type="button"
              class="button button-small scenario-play"
              aria-label={`Play ${name} to the next message`}
              onClick={() => props.onPlay(name)}
            >
              Play to the next message
            </button>
          </li>
        )
      })}
    </ul>
  </section>
)

/**
 * The scenarios that can be played to the next message, each name once: operations of several versions share it, and the
 * scenario is played to whichever is called.
 */
const playableOf = (scenarios: ReadonlyArray<Scenario>): ReadonlyArray<Scenario> => {
  const byName = new Map<string, Scenario>()
  for (const scenario of scenarios) {
    if (scenario.messageId === undefined && !byName.has(scenario.name)) {
      byName.set(scenario.name, scenario)
    }
  }
  return [...byName.values()]
}

const isAccepted = ({ answers }: Scenario): boolean => (answers[0]?.status ?? 204) < 400

/** Lists the magic numbers and their scenarios. */
export const ScenariosDialog = (props: {
  readonly scenarios: ReadonlyArray<Scenario>
  /** Whether the mock plays scenarios in real time. */
  readonly isRealistic: boolean
  readonly copy: (text: string) => Promise<boolean>
  readonly onPlay: (name: string) => void
  /** The page's notices. Outside of an open modal dialog, they can be neither seen nor heard. */
  readonly notice: JSX.Element
  readonly onClose: () => void
}): JSX.Element => {
  const [copied, setCopied] = useState<string | undefined>(undefined)
  const copy = async (phoneNumber: string): Promise<void> => {
    if (await props.copy(phoneNumber)) setCopied(phoneNumber)
  }
  const playable = playableOf(props.scenarios)
  return (
    <Dialog label="Scenarios" kind="drawer" onClose={props.onClose}>
      {(close) => (
        <>
          <header class="dialog-head">
            <div>
              <h2>Scenarios</h2>
              <p class="quiet">
                Send a message to one of these numbers to play its scenario, or play it to the next
                message, whatever its number. Click a number to copy it.
                {!props.isRealistic &&
                  " Updates arrive a hundred times as fast as shown here; start the mock with --realistic for real time."}
              </p>
            </div>
            <IconButton icon="close" label="Close the scenarios" onClick={close} />
          </header>
          <div class="dialog-body">
            <Group
              heading="Accepted"
              scenarios={playable.filter(isAccepted)}
              copied={copied}
              onCopy={(phoneNumber) => void copy(phoneNumber)}
              onPlay={props.onPlay}
            />
            <Group
              heading="Refused (first answer)"
              scenarios={playable.filter((scenario) => !isAccepted(scenario))}
              copied={copied}
              onCopy={(phoneNumber) => void copy(phoneNumber)}
              onPlay={props.onPlay}
            />
          </div>
          {props.notice}
        </>
      )}
    </Dialog>
  )
}
