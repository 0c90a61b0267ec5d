/** Core's numbers in the metrics of the application. */
import type * as Host from "@effect-sent/facade/Host"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

type Update = (value: number, labels: Labels) => void

const updates = new WeakMap<Host.Series, Update>()

/** Adds a number to its metric, with the labels of the application. */
export const measure = ({ series, value }: Host.Measurement, labels: Labels): void => {
  const known = updates.get(series)
  const update = known ?? updateOf(series)
  if (known === undefined) updates.set(series, update)
  update(value, labels)
}

const updateOf = ({ attributes, boundaries, description, name, type }: Host.Series): Update => {
  // The labels of the key, and not of the metric, so that it is looked up once.
  const own = Object.entries(attributes).map(([key, text]) => MetricLabel.make(key, text))
  if (type === "counter") {
    const key = MetricKey.counter(name, { description, incremental: true })
    const counter = Metric.fromMetricKey(MetricKey.taggedWithLabels(key, own))
    return (value, labels) => counter.unsafeUpdate(value, labels)
  }
  const key = MetricKey.histogram(name, MetricBoundaries.fromIterable(boundaries), description)
  const histogram = Metric.fromMetricKey(MetricKey.taggedWithLabels(key, own))
  return (value, labels) => histogram.unsafeUpdate(value, labels)
}
