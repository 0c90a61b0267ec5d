import type { JSX } from "preact"
import { useState } from "preact/hooks"
import type { Scenario } from "./api.ts"
import { Dialog } from "./Dialog.tsx"
import { Icon } from "./Icon.tsx"
import { toneOf, type Tone } from "./status.ts"
import { duration } from "./time.ts"

/** Examples are named after their status, and some after their form as well: `delivered-lower-case`. */
const toneOfExample = (example: string): Tone => toneOf(example.replace(/-.*/, "").toUpperCase())

/** What is answered and what follows, step by step. */
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
          </li>
        )
      })}
    </ul>
  </section>
)

const isAccepted = ({ answers }: Scenario): boolean => (answers[0]?.status ?? 204) < 400

/** The numbers that the mock treats in a way of their own. */
export const ScenariosDialog = (props: {
  readonly scenarios: ReadonlyArray<Scenario>
  /** Whether the mock keeps to the times of the scenarios. */
  readonly isRealistic: boolean
  readonly copy: (text: string) => Promise<boolean>
  /** The page's confirmations; those beside an open dialog cannot be seen or heard. */
  readonly notice: JSX.Element
  readonly onClose: () => void
}): JSX.Element => {
  const [copied, setCopied] = useState<string | undefined>(undefined)
  const copy = async (phoneNumber: string): Promise<void> => {
    if (await props.copy(phoneNumber)) setCopied(phoneNumber)
  }
  return (
    <Dialog label="Scenarios" kind="drawer" onClose={props.onClose}>
      {(close) => (
        <>
          <header class="dialog-head">
            <div>
              <h2>Scenarios</h2>
              <p class="quiet">
                Send to one of these numbers to see what it does. A click copies it.
                {!props.isRealistic &&
                  " Updates come a hundred times as fast as written here, unless the mock is started with --realistic."}
              </p>
            </div>
            <button
              type="button"
              class="button button-icon"
              aria-label="Close the scenarios"
              onClick={close}
            >
              <Icon name="close" />
            </button>
          </header>
          <div class="dialog-body">
            <Group
              heading="Accepted"
              scenarios={props.scenarios.filter(isAccepted)}
              copied={copied}
              onCopy={(phoneNumber) => void copy(phoneNumber)}
            />
            <Group
              heading="Refused at first"
              scenarios={props.scenarios.filter((scenario) => !isAccepted(scenario))}
              copied={copied}
              onCopy={(phoneNumber) => void copy(phoneNumber)}
            />
          </div>
          {props.notice}
        </>
      )}
    </Dialog>
  )
}
