/** What all updates of a send say together. */
import { DeliveryStatus } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"

const messageId = "8ba7b830-9dad-11d1-80b4-00c04fd430c8"
const otherId = "9ba7b830-9dad-11d1-80b4-00c04fd430c8"

const time = (seconds: number) => DateTime.makeUnsafe(1_700_000_000_000 + seconds * 1000)

/** A status, the seconds at which it is stated, and what differs from a step that is received soon after. */
type Told = readonly [
  status: string,
  seconds: number | undefined,
  more?: Partial<DeliveryStatus.Step>,
]

const step = ([status, seconds, more]: Told): DeliveryStatus.Step => ({
  messageId,
  status,
  statedAt: seconds === undefined ? undefined : time(seconds),
  receivedAt: time((seconds ?? 0) + 1),
  channel: "sms",
  ...more,
})

const stateOf = (...told: ReadonlyArray<Told>): DeliveryStatus.State =>
  DeliveryStatus.fromSteps(told.map(step))

const statusOf = (...told: ReadonlyArray<Told>) => stateOf(...told).status

describe("the state of a message", () => {
  it.each<readonly [sentence: string, told: ReadonlyArray<Told>, status: string]>([
    [
      "goes its way",
      [
        ["QUEUED", 1],
        ["ROUTED", 2],
        ["SENT", 3],
        ["DELIVERED", 4],
        ["READ", 5],
      ],
      "READ",
    ],
    [
      "is not taken back from an outcome by another machine's clock",
      [
        ["DELIVERED", 42],
        ["SENT", 42.05],
      ],
      "DELIVERED",
    ],
    [
      "that was read was delivered, whatever the clocks say",
      [
        ["READ", 41],
        ["DELIVERED", 42],
      ],
      "READ",
    ],
    [
      "is not held at a step of the far future",
      [
        ["SENT", 2_000_000_000, { receivedAt: time(3) }],
        ["DELIVERED", 4],
      ],
      "DELIVERED",
    ],
    [
      "is not held at a failure of the far future, which counts from its receipt",
      [
        ["QUEUED", 1],
        ["FAILED", 2_000_000_000, { receivedAt: time(3) }],
        ["QUEUED", 4],
        ["ROUTED", 5],
      ],
      "ROUTED",
    ],
    [
      "can fail after it was delivered",
      [
        ["FAILED", 9],
        ["DELIVERED", 4],
      ],
      "FAILED",
    ],
    [
      "can be delivered after it failed",
      [
        ["FAILED", 4],
        ["DELIVERED", 9],
      ],
      "DELIVERED",
    ],
    [
      "is still failed after a step of the same routing",
      [
        ["QUEUED", 1],
        ["FAILED", 2],
        ["SENT", 3],
        ["ROUTED", 4],
      ],
      "FAILED",
    ],
    ...(["FAILED", "FILTERED", "BLOCKED"] as const).map(
      (failure) =>
        [
          `is under way again after ${failure} and a new routing`,
          [
            ["QUEUED", 1],
            ["ROUTED", 2],
            [failure, 3],
            ["QUEUED", 4],
            ["ROUTED", 5],
            ["SENT", 6],
          ],
          "SENT",
        ] as const,
    ),
    ...(["DELIVERED", "READ"] as const).map(
      (success) =>
        [
          `stays ${success} after a new routing`,
          [
            ["QUEUED", 1],
            [success, 3],
            ["QUEUED", 4],
            ["ROUTED", 5],
            ["SENT", 6],
          ],
          success,
        ] as const,
    ),
    [
      "is failed again after a new routing that failed",
      [
        ["ROUTED", 1],
        ["FAILED", 3],
        ["ROUTED", 4],
        ["FAILED", 5],
      ],
      "FAILED",
    ],
    [
      "is not routed anew by an update without a time, which may be the first one once more",
      [
        ["QUEUED", 1],
        ["FAILED", 3],
        ["QUEUED", undefined, { receivedAt: time(9) }],
      ],
      "FAILED",
    ],
    [
      "can be routed anew before an outcome",
      [
        ["QUEUED", 1],
        ["ROUTED", 2],
        ["SENT", 3],
        ["QUEUED", 4],
        ["ROUTED", 5],
      ],
      "ROUTED",
    ],
    [
      "is as far as it came since the last routing, whatever the clocks say",
      [
        ["QUEUED", 1],
        ["SENT", 3],
        ["ROUTED", 3.05],
      ],
      "SENT",
    ],
    [
      "of two steps with the same time, takes the one further along",
      [
        ["READ", 4],
        ["DELIVERED", 4],
      ],
      "READ",
    ],
    [
      "may have a name that is not known",
      [
        ["SENT", 3],
        ["UNDELIVERED", 4],
      ],
      "UNDELIVERED",
    ],
    [
      "goes on from a name that is not known",
      [
        ["UNDELIVERED", 4],
        ["DELIVERED", 5],
      ],
      "DELIVERED",
    ],
    [
      "is not taken back from an outcome by a name that is not known",
      [
        ["DELIVERED", 5],
        ["ARCHIVED", 6],
      ],
      "DELIVERED",
    ],
    [
      "without any readable time is by the sequence of statuses",
      [
        ["DELIVERED", undefined, { receivedAt: time(1) }],
        ["SENT", undefined, { receivedAt: time(2) }],
      ],
      "DELIVERED",
    ],
  ])("%s", (_, told, status) => {
    assert.strictEqual(statusOf(...told), status)
    assert.strictEqual(statusOf(...told.toReversed()), status)
    assert.lengthOf(stateOf(...told).steps, told.length)
  })

  it("is undefined without an update, and final with an outcome", () => {
    assert.deepStrictEqual(stateOf(), DeliveryStatus.empty)
    const finals = DeliveryStatus.KnownMessageStatus.literals.filter(
      (status) => stateOf([status, 1]).isFinal,
    )
    assert.deepStrictEqual(finals, ["DELIVERED", "READ", "FAILED", "FILTERED", "BLOCKED"])
  })

  it("has the channel of its status, or else the latest that is named", () => {
    const late: Told = ["SENT", 5, { channel: "sms" }]
    assert.strictEqual(stateOf(["DELIVERED", 4, { channel: "whatsapp" }], late).channel, "whatsapp")
    assert.strictEqual(stateOf(["DELIVERED", 4, { channel: undefined }], late).channel, "sms")
  })

  it("takes a repeated event from its earliest receipt", () => {
    const [first] = stateOf(
      ["SENT", 3, { receivedAt: time(9) }],
      ["SENT", 3, { receivedAt: time(4) }],
      ["SENT", 3, { receivedAt: time(7) }],
    ).steps
    assert.deepStrictEqual(first?.receivedAt, time(4))
    // And so does an event that states a time far ahead, which counts from there and is still another event.
    const ahead = stateOf(
      ["SENT", 9_000, { receivedAt: time(9) }],
      ["SENT", 9_000, { receivedAt: time(4) }],
      ["SENT", 9_001, { receivedAt: time(5) }],
    )
    assert.deepStrictEqual(
      ahead.steps.map(({ at }) => at),
      [time(4), time(5)],
    )
  })

  it("tells an event without a time by its message and status alone", () => {
    const receipts = [3, 1, 2].map((seconds): Told => [
      "SENT",
      undefined,
      { receivedAt: time(seconds) },
    ])
    assert.deepStrictEqual(
      stateOf(...receipts).steps.map(({ at }) => at),
      [time(1)],
    )
  })

  it("takes a stated time up to maxAhead after receipt", () => {
    const stated = time(1_000)
    const receivedAt = (ahead: number) => ({
      receivedAt: DateTime.makeUnsafe(stated.epochMilliseconds - ahead),
    })
    const { maxAhead } = DeliveryStatus
    const [near] = stateOf(["SENT", 1_000, receivedAt(maxAhead)]).steps
    assert.deepStrictEqual(near?.at, stated)
    const [far] = stateOf(["SENT", 1_000, receivedAt(maxAhead + 1)]).steps
    assert.deepStrictEqual(far?.at, receivedAt(maxAhead + 1).receivedAt)
  })

  it.each<readonly [sentence: string, one: string, other: string, status: string]>([
    ["is delivered if either is", "FAILED", "DELIVERED", "DELIVERED"],
    ["is under way if either is, and none was delivered", "FAILED", "SENT", "SENT"],
    ["is delivered if one is still under way", "SENT", "DELIVERED", "DELIVERED"],
    ["is failed if both are", "FAILED", "FAILED", "FAILED"],
  ])("of two messages %s", (_, one, other, status) => {
    const state = stateOf([one, 3], [other, 4, { messageId: otherId }])
    assert.strictEqual(state.status, status)
    assert.deepStrictEqual(
      state.messages.map((message) => [message.messageId, message.status, message.steps.length]),
      [
        [messageId, one, 1],
        [otherId, other, 1],
      ],
    )
  })

  it("ignores an event that is not about a message's status", () => {
    const once = stateOf(["SENT", 3])
    assert.strictEqual(DeliveryStatus.reduce(once, DeliveryStatus.decode({})), once)
  })
})

// -----------------------------------------------------------------------------
// Laws
// -----------------------------------------------------------------------------

const between = (minimum: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Told = Schema.Struct({
  status: Schema.Literals([...DeliveryStatus.KnownMessageStatus.literals, "PAUSED", "UNDELIVERED"]),
  // Undefined: no time that can be read. The last is far ahead of every receipt.
  stated: Schema.UndefinedOr(Schema.Literals([0, 1, 2, 3, 4, 5, 9_000_000])),
  received: between(0, 5),
  channel: Schema.UndefinedOr(Schema.Literals(["sms", "whatsapp"])),
  messageId: Schema.Literals([messageId, otherId]),
})

const toStep = ({ received, stated, status, ...more }: typeof Told.Type): DeliveryStatus.Step =>
  step([status, stated, { ...more, receivedAt: time(received) }])

/** More distinct steps than a state has, of which these are a few. */
const crowd = Array.from({ length: 100 }, (_, index) =>
  step([["QUEUED", "SENT", "DELIVERED", "PAUSED"][index % 4] ?? "", index % 50]),
)

const Steps = Schema.Array(Told).check(Schema.isMaxLength(12))
const Order = Schema.Array(between(0, 1_000)).check(Schema.isMinLength(20), Schema.isMaxLength(20))

/** The elements in another order, which follows from the numbers. */
const shuffled = <A>(values: ReadonlyArray<A>, order: ReadonlyArray<number>): ReadonlyArray<A> =>
  values
    .map((value, index) => [order[index % order.length] ?? 0, value] as const)
    .toSorted(([one], [other]) => one - other)
    .map(([, value]) => value)

const { fromSteps, join, joinSteps } = DeliveryStatus

describe.each<readonly [size: string, others: ReadonlyArray<DeliveryStatus.Step>]>([
  ["few steps", []],
  ["more steps than are kept", crowd],
])("the state of %s", (_, others) => {
  it.effect.prop(
    "is the same in any order and with any repetition",
    { told: Steps, order: Order },
    ({ order, told }) =>
      Effect.sync(() => {
        const steps = [...told.map(toStep), ...others]
        const state = fromSteps(steps)
        const repeated = [...steps, ...steps.slice(0, (order[0] ?? 0) % 7)]
        assert.deepStrictEqual(fromSteps(shuffled(repeated, order)), state)
        const oneByOne = shuffled(repeated, order).reduce(
          (before, next) => join(before, { steps: [next] }),
          DeliveryStatus.empty,
        )
        assert.deepStrictEqual(oneByOne, state)
        assert.isAtMost(state.steps.length, DeliveryStatus.maxSteps)
      }),
  )

  it.effect.prop(
    "is the same whichever process received which step",
    { a: Steps, b: Steps, c: Steps },
    ({ a, b, c }) =>
      Effect.sync(() => {
        const [one, two, three] = [
          [...a.map(toStep), ...others],
          b.map(toStep),
          c.map(toStep),
        ] as const
        const all = fromSteps([...one, ...two, ...three])
        assert.deepStrictEqual(
          joinSteps(joinSteps(one, two), three),
          joinSteps(one, joinSteps(two, three)),
        )
        assert.deepStrictEqual(joinSteps(one, two), joinSteps(two, one))
        assert.deepStrictEqual(join(join(fromSteps(three), fromSteps(one)), fromSteps(two)), all)
        assert.strictEqual(join(all, fromSteps(two)), all)
      }),
  )
})

const failures = ["FAILED", "FILTERED", "BLOCKED"]

const isOfOne = ({ messageId: id }: DeliveryStatus.Step): boolean => id === messageId

const without =
  (statuses: ReadonlyArray<string>) =>
  ({ status }: DeliveryStatus.Step): boolean =>
    !statuses.includes(status)

/** Whether a step is not in the state yet. An earlier receipt of one that is in it can move it, also past an outcome. */
const isNewTo =
  ({ steps }: DeliveryStatus.State) =>
  (one: DeliveryStatus.Step): boolean =>
    steps.every((known) => DeliveryStatus.stepKey(known) !== DeliveryStatus.stepKey(one))

describe("an outcome", () => {
  it.effect.prop(
    "of a delivered message is only taken back by a failure",
    { told: Steps, added: Steps },
    ({ added, told }) =>
      Effect.sync(() => {
        const before = fromSteps(told.map(toStep).filter(isOfOne))
        const after = join(before, {
          steps: added
            .map(toStep)
            .filter(isOfOne)
            .filter(without(failures))
            .filter(isNewTo(before)),
        })
        if (before.status === "READ") assert.strictEqual(after.status, "READ")
        if (before.status === "DELIVERED") assert.include(["DELIVERED", "READ"], after.status)
      }),
  )

  it.effect.prop(
    "of a failed message is only taken back by a delivery or a routing with a time",
    { told: Steps, added: Steps },
    ({ added, told }) =>
      Effect.sync(() => {
        const before = fromSteps(told.map(toStep).filter(isOfOne))
        const more = added.map(toStep).filter(isOfOne)
        const after = join(before, {
          steps: [
            ...more.filter(without(["QUEUED", "ROUTED", "DELIVERED", "READ", ...failures])),
            ...more
              .filter(({ status }) => status === "QUEUED" || status === "ROUTED")
              .map(({ status }, index) => step([status, undefined, { receivedAt: time(index) }])),
          ].filter(isNewTo(before)),
        })
        if (before.status !== undefined && failures.includes(before.status)) {
          assert.strictEqual(after.status, before.status)
        }
      }),
  )

  it.effect.prop(
    "may be of one message of two, and both are in the state",
    { told: Steps },
    ({ told }) =>
      Effect.sync(() => {
        const steps = told.map(toStep)
        const state = fromSteps(steps)
        const ids = new Set(steps.map((one) => one.messageId))
        assert.sameMembers(
          state.messages.map((message) => message.messageId),
          [...ids],
        )
        for (const message of state.messages) {
          const alone = fromSteps(steps.filter((one) => one.messageId === message.messageId))
          assert.deepStrictEqual(alone.messages, [message])
        }
      }),
  )
})
