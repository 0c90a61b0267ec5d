/** The state of the page and its actions. */
import type { Message } from "../src/Message.ts"
import {
  ApiError,
  clearMessages,
  getInfo,
  getMessage,
  getScenarios,
  listMessages,
  enableWebhooks,
  playNext,
  removeMessage,
  resendUpdate,
  type Info,
  type Scenario,
} from "./api.ts"
import { readClock, systemClock, type ClockReading } from "./clock.ts"
import { listen } from "./live.ts"
import { isFound } from "../src/internal/inbox/search.ts"
import { merge } from "./merge.ts"
import { goTo, keepSearch, onNavigated, openedId, searched } from "./route.ts"
import { counted } from "./text.ts"

/** A failure to show, and the action that tries again. */
export interface Problem {
  readonly text: string
  readonly retry?: () => void
}

/** The opened message. */
export interface Opened {
  readonly id: string
  /** Absent while the message is loading, and when it does not exist. */
  readonly message?: Message
  /** Whether the mock does not have the message, or no longer has it. */
  readonly isGone: boolean
}

/** The state of the page. */
export interface State {
  /** Newest first. */
  readonly messages: ReadonlyArray<Message>
  /** Whether older messages can be loaded. */
  readonly more: boolean
  /** The number of messages that match the search. */
  readonly total: number
  readonly search: string
  /** The search that `messages` and `total` answer: the last one while the next one is not answered yet. */
  readonly answeredSearch: string
  /** Whether the first page has been loaded. */
  readonly isLoaded: boolean
  readonly isLoadingOlder: boolean
  /** Messages with a higher number have just arrived live. */
  readonly freshAfter: number
  readonly live: "connecting" | "live" | "reconnecting"
  readonly opened: Opened | undefined
  readonly info: Info | undefined
  readonly scenarios: ReadonlyArray<Scenario>
  readonly clock: ClockReading
  readonly problem: Problem | undefined
  /** A short confirmation, e.g. "Copied". */
  readonly notice: string | undefined
  /** The number of messages that arrived while the page was hidden. */
  readonly unread: number
  /** The announcement of new messages to screen readers. */
  readonly news: string
}

/** The state and the actions of the page. */
export interface Store {
  readonly get: () => State
  /** Calls the listener after every change. Returns the function that unsubscribes it. */
  readonly subscribe: (listener: () => void) => () => void
  readonly start: () => void
  readonly setSearch: (search: string) => void
  readonly loadOlder: () => void
  readonly open: (id: string | undefined, how: "push" | "replace") => void
  readonly clear: () => void
  readonly remove: (id: string) => void
  /** Plays a scenario to the next message. */
  readonly play: (scenario: string) => void
  /** Enables the webhooks that are disabled. */
  readonly enableWebhooks: () => void
  readonly resend: (id: string, updateId: string) => Promise<void>
  readonly notify: (text: string) => void
  readonly fail: (problem: Problem) => void
  readonly dismissProblem: () => void
}

const pageSize = 100
const searchPauseMillis = 150
const recountMillis = 400
const noticeMillis = 2200
/** How often the list is loaded while the stream is not open. */
const pollMillis = 5000
/** New messages are announced to screen readers together, not one by one. */
const newsMillis = 1500

const initial: State = {
  messages: [],
  more: false,
  total: 0,
  search: "",
  answeredSearch: "",
  isLoaded: false,
  isLoadingOlder: false,
  freshAfter: Infinity,
  live: "connecting",
  opened: undefined,
  info: undefined,
  scenarios: [],
  clock: systemClock,
  problem: undefined,
  notice: undefined,
  unread: 0,
  news: "",
}

const wordsOf = (failure: unknown): string =>
  failure instanceof Error ? failure.message : String(failure)

const wordsOfNews = (messages: ReadonlyArray<Message>): string => {
  const [first] = messages
  return messages.length === 1 && first !== undefined
    ? `New message to ${first.phoneNumber ?? "no number"}, ${first.status}`
    : counted(messages.length, "new message")
}

/** Makes a store. It does nothing before `start`. */
export const makeStore = (): Store => {
  let state: State = { ...initial, search: searched() }
  const listeners = new Set<() => void>()
  const set = (change: Partial<State>): void => {
    state = { ...state, ...change }
    for (const listener of listeners) listener()
  }

  const fail = (problem: Problem): void => set({ problem })
  const dismissProblem = (): void => set({ problem: undefined })

  // ---------------------------------------------------------------------------
  // Loading
  // ---------------------------------------------------------------------------

  /** Aborts the latest refresh. A new refresh replaces the previous one. */
  let refreshing = new AbortController()
  let isRefreshing = false
  /** Messages that arrived live while the first page was loading. They are newer than that page. */
  let held: ReadonlyArray<Message> = []

  /** With `isPoll`, a failure is not shown: the connection state shows it. */
  const refresh = async (isPoll = false): Promise<void> => {
    refreshing.abort()
    const own = new AbortController()
    refreshing = own
    isRefreshing = true
    held = []
    const { search } = state
    try {
      const page = await listMessages({ search, limit: pageSize }, own.signal)
      if (own.signal.aborted) return
      set({
        messages: page.messages,
        more: page.more,
        total: page.total,
        answeredSearch: search,
        isLoaded: true,
        isLoadingOlder: false,
        freshAfter: Infinity,
        problem: undefined,
      })
      isRefreshing = false
      if (held.length > 0) takeIn(held)
    } catch (failure) {
      if (own.signal.aborted) return
      isRefreshing = false
      if (isPoll) return
      fail({
        text: `Could not load the messages. ${wordsOf(failure)}`,
        retry: () => void refresh(),
      })
    }
  }

  const loadOlder = async (): Promise<void> => {
    const oldest = state.messages.at(-1)
    if (isRefreshing || state.isLoadingOlder || !state.more || oldest === undefined) return
    // A refresh replaces the list, to which this page would no longer belong.
    const { signal } = refreshing
    set({ isLoadingOlder: true })
    try {
      const { search } = state
      const page = await listMessages({ search, limit: pageSize, before: oldest.number }, signal)
      if (signal.aborted) return
      const last = state.messages.at(-1)?.number ?? Infinity
      set({
        messages: [...state.messages, ...page.messages.filter(({ number }) => number < last)],
        more: page.more,
        total: page.total,
        isLoadingOlder: false,
      })
    } catch (failure) {
      if (signal.aborted) return
      // With `more`, the list would try again at once and forever.
      set({ isLoadingOlder: false, more: false })
      fail({
        text: `Could not load older messages. ${wordsOf(failure)}`,
        retry: () => {
          set({ more: true, problem: undefined })
          void loadOlder()
        },
      })
    }
  }

  let recounting = 0
  /**
   * Loads the number of matching messages and the time. Only the mock knows them: it may have removed old messages, and a program
   * may have advanced its clock.
   */
  const recount = (): void => {
    if (recounting !== 0) return
    recounting = window.setTimeout(async () => {
      recounting = 0
      const { signal } = refreshing
      const { search } = state
      try {
        const [{ total }, info] = await Promise.all([
          listMessages({ search, limit: 1 }, signal),
          getInfo(),
        ])
        if (signal.aborted) return
        set({ info, clock: readClock(info), ...(search === state.answeredSearch ? { total } : {}) })
      } catch {
        // The connection state and the next load already report that the mock is not reachable.
      }
    }, recountMillis)
  }

  const loadAbout = async (): Promise<void> => {
    try {
      const [info, scenarios] = await Promise.all([getInfo(), getScenarios()])
      set({ info, scenarios, clock: readClock(info) })
    } catch (failure) {
      fail({
        text: `Could not load the scenarios and settings. ${wordsOf(failure)}`,
        retry: () => {
          dismissProblem()
          void loadAbout()
        },
      })
    }
  }

  // ---------------------------------------------------------------------------
  // The opened message
  // ---------------------------------------------------------------------------

  const isOpen = (id: string): boolean => state.opened?.id === id

  const fetchOpened = async (id: string): Promise<void> => {
    try {
      const message = await getMessage(id)
      if (isOpen(id)) set({ opened: { id, message, isGone: false } })
    } catch (failure) {
      if (!isOpen(id)) return
      if (failure instanceof ApiError && failure.status === 404) {
        set({ opened: { id, isGone: true } })
        return
      }
      fail({
        text: `Could not load the message. ${wordsOf(failure)}`,
        retry: () => {
          dismissProblem()
          void fetchOpened(id)
        },
      })
    }
  }

  const show = (id: string | undefined): void => {
    if (id === state.opened?.id) return
    if (id === undefined) {
      set({ opened: undefined })
      return
    }
    const message = state.messages.find((each) => each.id === id)
    set({ opened: message === undefined ? { id, isGone: false } : { id, message, isGone: false } })
    if (message === undefined || message.isCropped === true) void fetchOpened(id)
  }

  const open = (id: string | undefined, how: "push" | "replace"): void => {
    if (id === state.opened?.id) return
    goTo(id, how)
    show(id)
  }

  // ---------------------------------------------------------------------------
  // Live changes
  // ---------------------------------------------------------------------------

  let unannounced: ReadonlyArray<Message> = []
  let announcing = 0
  const announce = (messages: ReadonlyArray<Message>): void => {
    unannounced = [...unannounced, ...messages]
    if (announcing !== 0) return
    announcing = window.setTimeout(() => {
      announcing = 0
      set({ news: wordsOfNews(unannounced) })
      unannounced = []
    }, newsMillis)
  }

  const takeIn = (changed: ReadonlyArray<Message>): void => {
    if (isRefreshing) {
      held = [...held, ...changed]
      return
    }
    const newest = state.messages[0]?.number ?? 0
    const { messages, more } = merge(state, changed, (message) => isFound(message, state.search))
    const opened = changed.find(({ id }) => isOpen(id))
    if (opened?.isCropped === true) void fetchOpened(opened.id)
    const arrived = messages.filter(({ number }) => number > newest)
    set({
      messages,
      more,
      ...(arrived.length === 0 ? {} : { freshAfter: newest }),
      ...(document.hidden ? { unread: state.unread + arrived.length } : {}),
      ...(opened === undefined || opened.isCropped === true
        ? {}
        : { opened: { id: opened.id, message: opened, isGone: false } }),
    })
    if (arrived.length > 0) announce(arrived)
    recount()
  }

  /** Loads the list and the opened message. */
  const ask = (): void => {
    void refresh()
    if (state.opened !== undefined) void fetchOpened(state.opened.id)
  }

  const start = (): void => {
    void loadAbout()
    show(openedId())
    onNavigated(() => show(openedId()))
    // Not only when the stream has opened: a proxy may hold it back.
    ask()
    window.setInterval(() => {
      if (state.live !== "live" && !document.hidden) void refresh(true)
    }, pollMillis)
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) set({ unread: 0 })
    })
    listen({
      opened: () => {
        // The mock may have been restarted, with another clock.
        if (state.live === "reconnecting") void loadAbout()
        set({ live: "live" })
        ask()
      },
      lost: () => {
        set({ live: "reconnecting" })
      },
      changed: takeIn,
      outdated: ask,
    })
  }

  // ---------------------------------------------------------------------------
  // Actions
  // ---------------------------------------------------------------------------

  let searching = 0
  const setSearch = (search: string): void => {
    set({ search })
    keepSearch(search)
    clearTimeout(searching)
    searching = window.setTimeout(() => void refresh(), searchPauseMillis)
  }

  let noticeTimer = 0
  const notify = (notice: string): void => {
    clearTimeout(noticeTimer)
    set({ notice })
    noticeTimer = window.setTimeout(() => set({ notice: undefined }), noticeMillis)
  }

  const clear = async (): Promise<void> => {
    try {
      await clearMessages()
      open(undefined, "push")
      notify("Cleared")
      // A live stream reports the change itself.
      if (state.live !== "live") void refresh()
    } catch (failure) {
      fail({ text: `Could not clear the messages. ${wordsOf(failure)}` })
    }
  }

  const remove = async (id: string): Promise<void> => {
    try {
      await removeMessage(id)
      open(undefined, "push")
      notify("Deleted")
      if (state.live !== "live") void refresh()
    } catch (failure) {
      fail({ text: `Could not delete the message. ${wordsOf(failure)}` })
    }
  }

  const play = async (scenario: string): Promise<void> => {
    try {
      await playNext(scenario)
      notify(`The next message plays ${scenario}`)
    } catch (failure) {
      fail({ text: `Could not choose the scenario. ${wordsOf(failure)}` })
    }
  }

  const enable = async (): Promise<void> => {
    try {
      await enableWebhooks()
      notify("The webhook is enabled")
      recount()
    } catch (failure) {
      fail({ text: `Could not enable the webhook. ${wordsOf(failure)}` })
    }
  }

  const resend = async (id: string, updateId: string): Promise<void> => {
    try {
      const message = await resendUpdate(id, updateId)
      takeIn([message])
      const isReceived = message.updates.find((each) => each.id === updateId)?.state === "received"
      notify(isReceived ? "Resent and received" : "Resent, but not received")
    } catch (failure) {
      fail({ text: `Could not resend the update. ${wordsOf(failure)}` })
    }
  }

  return {
    get: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start,
    setSearch,
    loadOlder: () => void loadOlder(),
    open,
    clear: () => void clear(),
    remove: (id) => void remove(id),
    play: (scenario) => void play(scenario),
    enableWebhooks: () => void enable(),
    resend,
    notify,
    fail,
    dismissProblem,
  }
}
