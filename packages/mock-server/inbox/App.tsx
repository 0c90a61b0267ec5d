import type { JSX } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { ClearDialog } from "./ClearDialog.tsx"
import { copyText } from "./clipboard.ts"
import { fieldNames, propertyNames } from "../src/internal/inbox/search.ts"
import { Header } from "./Header.tsx"
import { Icon } from "./Icon.tsx"
import { IconButton } from "./IconButton.tsx"
import { KeysDialog } from "./KeysDialog.tsx"
import { MessageList } from "./MessageList.tsx"
import { OpenedMessage } from "./OpenedMessage.tsx"
import { ScenariosDialog } from "./ScenariosDialog.tsx"
import type { Problem, State, Store } from "./store.ts"
import { useKeys } from "./useKeys.ts"
import { useNow } from "./useNow.ts"
import { useStore } from "./useStore.ts"
import { Welcome } from "./Welcome.tsx"

/** Below this width, the list and the message do not fit side by side. The style sheet uses the same width. */
const narrow = matchMedia("(max-width: 720px)")

const ProblemBar = (props: {
  readonly problem: Problem
  readonly onDismiss: () => void
}): JSX.Element => (
  <div class="problem" role="alert">
    <Icon name="alert" />
    <span>{props.problem.text}</span>
    {props.problem.retry !== undefined && (
      <button type="button" class="button button-small" onClick={props.problem.retry}>
        Try again
      </button>
    )}
    <IconButton icon="close" label="Dismiss" class="button-small" onClick={props.onDismiss} />
  </div>
)

const Notice = ({ text }: { readonly text: string | undefined }): JSX.Element => (
  <div class="notices" role="status">
    {text !== undefined && (
      <p class="notice">
        <Icon name="tick" />
        {text}
      </p>
    )}
  </div>
)

const NothingFound = (props: {
  readonly search: string
  readonly onAll: () => void
}): JSX.Element => (
  <div class="placeholder">
    <Icon name="search" />
    <p>
      <strong>Nothing found</strong>
    </p>
    <p>
      No message contains “<bdi>{props.search}</bdi>” in its phone number, template, variables,
      status, channel, scenario or ids.
    </p>
    <p>
      One field: {fieldNames.map((name) => `${name}:`).join(" ")}. A property:{" "}
      {propertyNames.map((name) => `is:${name}`).join(" ")}.
    </p>
    <button type="button" class="button" onClick={props.onAll}>
      Show all messages
    </button>
  </div>
)

const NothingOpen = (): JSX.Element => (
  <div class="placeholder">
    <Icon name="message" />
    <p>Select a message to see it on a phone, with its delivery updates and the raw request.</p>
    <p class="placeholder-keys">
      <kbd>↑</kbd>
      <kbd>↓</kbd> select <kbd>Enter</kbd> open <kbd>?</kbd> all shortcuts
    </p>
  </div>
)

const ListPane = (props: {
  readonly state: State
  readonly store: Store
  readonly selectedId: string | undefined
  readonly now: number
  readonly onOpen: (id: string) => void
}): JSX.Element | null => {
  const { state, store } = props
  if (!state.isLoaded) return null
  if (state.messages.length === 0) {
    if (state.search !== state.answeredSearch) {
      return (
        <div class="placeholder">
          <p>Searching…</p>
        </div>
      )
    }
    return state.search === "" ? (
      <div class="placeholder">
        <p>No messages.</p>
      </div>
    ) : (
      <NothingFound search={state.search} onAll={() => store.setSearch("")} />
    )
  }
  return (
    <MessageList
      messages={state.messages}
      more={state.more}
      total={state.total}
      search={state.search}
      selectedId={props.selectedId}
      openId={state.opened?.id}
      freshAfter={state.freshAfter}
      now={props.now}
      onOpen={props.onOpen}
      onNearEnd={store.loadOlder}
    />
  )
}

type OpenDialog = "scenarios" | "keys" | "clear" | undefined

const focusList = (): void =>
  document.getElementById("message-list")?.focus({ preventScroll: true })

/** The whole page. */
export const App = ({ store }: { readonly store: Store }): JSX.Element => {
  const state = useStore(store)
  const now = useNow(state.clock)
  const [dialog, setDialog] = useState<OpenDialog>(undefined)
  const [selectedId, setSelectedId] = useState<string | undefined>(undefined)
  const searchRef = useRef<HTMLInputElement>(null)
  const headingRef = useRef<HTMLHeadingElement>(null)
  const openedId = state.opened?.id

  // Navigating the history also selects the message that it opens.
  useEffect(() => {
    if (openedId !== undefined) setSelectedId(openedId)
  }, [openedId])

  const wantsFocus = useRef<"message" | "list" | undefined>(undefined)
  useLayoutEffect(() => {
    if (wantsFocus.current === "message") headingRef.current?.focus({ preventScroll: true })
    if (wantsFocus.current === "list") focusList()
    wantsFocus.current = undefined
  })

  const openMessage = (id: string, how: "key" | "pointer"): void => {
    setSelectedId(id)
    if (id === openedId) {
      headingRef.current?.focus({ preventScroll: true })
      return
    }
    // Next to the message, the list keeps the focus, so that the arrow keys still work. A covered list cannot keep it.
    if (how === "key" || narrow.matches) wantsFocus.current = "message"
    store.open(id, "push")
  }

  const close = (): void => {
    if (openedId === undefined) return
    wantsFocus.current = "list"
    store.open(undefined, "push")
  }

  const move = (by: number): void => {
    const { messages } = state
    const at = messages.findIndex(({ id }) => id === selectedId)
    const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), messages.length - 1)
    const message = messages[to]
    if (message === undefined) return
    setSelectedId(message.id)
    // The selected message replaces the open one, as in a mail program.
    if (openedId !== undefined) store.open(message.id, "replace")
    if (document.activeElement === document.body) focusList()
  }

  useEffect(() => {
    document.title = `${state.unread === 0 ? "" : `(${state.unread.toLocaleString("en")}) `}effect-sent mock`
  }, [state.unread])

  useKeys({
    move,
    openSelected: () => {
      if (selectedId !== undefined) openMessage(selectedId, "key")
    },
    close,
    focusSearch: () => {
      searchRef.current?.focus()
      searchRef.current?.select()
    },
    leaveSearch: () => {
      if (state.search === "") {
        searchRef.current?.blur()
        focusList()
      } else store.setSearch("")
    },
    focusList: () => {
      focusList()
      if (selectedId === undefined) move(1)
    },
    showKeys: () => setDialog("keys"),
  })

  const copy = async (text: string): Promise<boolean> => {
    const isCopied = await copyText(text)
    if (isCopied) store.notify("Copied")
    else
      store.fail({ text: "The browser did not allow copying. Select and copy the text instead." })
    return isCopied
  }

  const isEmpty =
    state.isLoaded &&
    state.messages.length === 0 &&
    state.search === "" &&
    state.answeredSearch === "" &&
    openedId === undefined
  const notice = <Notice text={state.notice} />
  const closeDialog = (): void => setDialog(undefined)

  return (
    <div class={openedId === undefined ? "app" : "app app-reading"}>
      <Header
        state={state}
        searchRef={searchRef}
        onSearch={store.setSearch}
        onScenarios={() => setDialog("scenarios")}
        onKeys={() => setDialog("keys")}
        onClear={() => setDialog("clear")}
        onEnableWebhooks={store.enableWebhooks}
      />
      {state.problem !== undefined && (
        <ProblemBar problem={state.problem} onDismiss={store.dismissProblem} />
      )}
      {isEmpty ? (
        <main class="main">
          <Welcome
            info={state.info}
            scenarios={state.scenarios}
            copy={copy}
            onScenarios={() => setDialog("scenarios")}
          />
        </main>
      ) : (
        <main class="main main-columns">
          <section class="list-pane" aria-label="Inbox">
            <ListPane
              state={state}
              store={store}
              selectedId={selectedId}
              now={now}
              onOpen={(id) => openMessage(id, "pointer")}
            />
          </section>
          <section class="reader" aria-label="Opened message">
            {state.opened === undefined ? (
              state.isLoaded && <NothingOpen />
            ) : (
              <OpenedMessage
                opened={state.opened}
                headingRef={headingRef}
                info={state.info}
                scenarios={state.scenarios}
                now={now}
                copy={copy}
                onClose={close}
                onResend={store.resend}
                onRemove={store.remove}
              />
            )}
          </section>
        </main>
      )}
      {dialog === "scenarios" && (
        <ScenariosDialog
          scenarios={state.scenarios}
          isRealistic={state.info?.clock.realistic ?? true}
          copy={copy}
          onPlay={store.play}
          notice={notice}
          onClose={closeDialog}
        />
      )}
      {dialog === "keys" && <KeysDialog onClose={closeDialog} />}
      {dialog === "clear" && (
        <ClearDialog
          total={state.total}
          isSearching={state.search !== ""}
          onClear={store.clear}
          onClose={closeDialog}
        />
      )}
      {dialog !== "scenarios" && notice}
      <p class="offscreen" aria-live="polite">
        {state.news}
      </p>
    </div>
  )
}
