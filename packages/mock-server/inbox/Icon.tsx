import type { JSX } from "preact"

/** Outlines in a view box of 16 by 16. */
const paths = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.7 10.7 14 14",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  bin: "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.8v4M9.3 6.8v4",
  list: "M6 3.5h8M6 8h8M6 12.5h8M2.5 3.5h.01M2.5 8h.01M2.5 12.5h.01",
  back: "M9.5 3 4.5 8l5 5",
  close: "m3.5 3.5 9 9M12.5 3.5l-9 9",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  tick: "m3 8.5 3.3 3.3L13 4.7",
  ticks: "m1 8.7 3 3 6.3-7M7.3 11.2l.6.6L14.6 4.7",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.4",
  alert: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.9v3.7M8 11h.01",
  chevron: "m6 3.5 4.5 4.5L6 12.5",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13.2 1.8v3h-3",
  up: "M8 13V3M3.8 7.2 8 3l4.2 4.2",
  message:
    "M3.5 2.5h9A1.5 1.5 0 0 1 14 4v6a1.5 1.5 0 0 1-1.5 1.5H8L4.8 14v-2.5H3.5A1.5 1.5 0 0 1 2 10V4a1.5 1.5 0 0 1 1.5-1.5Z",
  never: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM3.8 3.8l8.4 8.4",
} as const

/** The name of an icon. */
export type IconName = keyof typeof paths

/** A decorative icon, hidden from screen readers. The text next to it must have the same meaning. */
export const Icon = ({ name }: { readonly name: IconName }): JSX.Element => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
)
