import type { JSX } from "preact"
import type { Info, Scenario } from "./api.ts"
import { CodeSection } from "./CodeSection.tsx"
import { CopyButton } from "./CopyButton.tsx"
import { curlOf, singleQuoted } from "./curl.ts"
import { Icon } from "./Icon.tsx"

/** The template id of the API reference. The mock accepts any GUID. */
const sampleTemplate = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
const mostShown = 6

const sampleCommand = (info: Info, phoneNumber: string): string =>
  curlOf({
    method: "POST",
    url: `${info.baseUrl.replace(/\/$/, "")}${info.path}`,
    quotedHeaders: [
      singleQuoted("content-type: application/json"),
      singleQuoted(`x-sender-id: ${info.senderId}`),
      singleQuoted("x-api-key: anything"),
    ],
    body: JSON.stringify(
      {
        phoneNumber,
        templateId: sampleTemplate,
        messageBody: { name: "John Doe", order_id: "12345" },
        // Without a receiver, no updates would follow.
        webhookUrl: info.webhookUrlHint,
      },
      null,
      2,
    ),
  })

/** A few accepted and a few refused scenarios. */
const few = (scenarios: ReadonlyArray<Scenario>): ReadonlyArray<Scenario> => {
  const withNumber = scenarios.filter(({ phoneNumber }) => phoneNumber !== undefined)
  const accepted = withNumber.filter(({ answers }) => (answers[0]?.status ?? 204) < 400)
  const refused = withNumber.filter((scenario) => !accepted.includes(scenario))
  return [...accepted.slice(0, mostShown / 2), ...refused.slice(0, mostShown / 2)]
}

/** The page of an empty inbox: how to send the first message. */
export const Welcome = (props: {
  readonly info: Info | undefined
  readonly scenarios: ReadonlyArray<Scenario>
  readonly copy: (text: string) => Promise<boolean>
  readonly onScenarios: () => void
}): JSX.Element => {
  const { info, scenarios } = props
  const number = scenarios.find(({ phoneNumber }) => phoneNumber !== undefined)?.phoneNumber
  return (
    <div class="welcome" data-scrolls>
      <div class="welcome-inner">
        <span class="welcome-mark">
          <Icon name="message" />
        </span>
        <h2>Waiting for the first message</h2>
        <p class="welcome-lead">
          Messages that your program sends appear here as they arrive. Nothing reaches a real phone.
        </p>
        {info !== undefined && (
          <>
            <CodeSection
              heading="Point your program at the mock"
              text={`export SENT_BASE_URL=${info.baseUrl}\nexport SENT_SENDER_ID=${info.senderId}\nexport SENT_API_KEY=anything`}
              copy={props.copy}
            />
            {number !== undefined && (
              <CodeSection
                heading="Or send a message with curl"
                text={sampleCommand(info, number)}
                copy={props.copy}
              />
            )}
          </>
        )}
        {scenarios.length > 0 && (
          <section class="welcome-step">
            <h3>Choose the outcome with a magic number</h3>
            <ul class="welcome-numbers">
              {few(scenarios).map(({ name, phoneNumber = "", summary }) => (
                <li key={name}>
                  <CopyButton label={phoneNumber} text={phoneNumber} copy={props.copy} />
                  <span>{summary}</span>
                </li>
              ))}
            </ul>
            <button type="button" class="button" onClick={props.onScenarios}>
              <Icon name="list" />
              All {scenarios.length} scenarios
            </button>
          </section>
        )}
      </div>
    </div>
  )
}
