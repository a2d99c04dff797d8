/** Paths on a grid of 16, stroked in the colour of the text. */
const paths = {
  overview: 'M2 9.5h3l2-6 3 9 2-5h2',
  map: 'M2.5 3.5h4v3h-4zM9.5 2h4v3h-4zM9.5 10.5h4v3h-4zM6.5 5h1.5q.5 0 .5.5v6q0 .5.5.5h.5M8 3.5h1.5',
  requests: 'M2 4h8M2 8h12M2 12h6M12 2.5l2 1.5-2 1.5',
  routes: 'M3 3v4q0 2 2 2h6q2 0 2 2v2M11 11l2 2 2-2M3 9v4',
  backends: 'M2.5 2.5h11v4h-11zM2.5 9.5h11v4h-11zM5 4.5h.01M5 11.5h.01',
  certificates: 'M8 1.5l5 2v4q0 4.5-5 7-5-2.5-5-7v-4zM5.8 8l1.6 1.6 3-3.2',
  problems: 'M8 2l6.5 11.5h-13zM8 6.5v3M8 11.6v.01',
  explain:
    'M5.5 6a2.5 2.5 0 1 1 3.6 2.2q-1.1.6-1.1 1.8M8 12.6v.01M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2',
  apis: 'M5.5 2.5l-3.5 5.5 3.5 5.5M10.5 2.5l3.5 5.5-3.5 5.5',
  consumers:
    'M6 3a2.3 2.3 0 1 0 0 4.6A2.3 2.3 0 0 0 6 3M1.8 13q0-3.6 4.2-3.6t4.2 3.6M10.5 3.2a2.3 2.3 0 0 1 0 4.2M11.5 9.6q2.7.6 2.7 3.4',
  usage: 'M2.5 13.5h11M4 11V8M7 11V4M10 11V6.5M13 11V2.5',
  audit: 'M4 1.5h6l3 3v10H4zM6 7h5M6 9.5h5M6 12h3',
  access: 'M10.5 2a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M8 8L2.5 13.5M4 12l1.7 1.7M11.2 4.8h.01',
  menu: 'M2 4h12M2 8h12M2 12h12',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M5 3l8 5-8 5z',
  light:
    'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.2M8 13.8V15M1 8h1.2M13.8 8H15M3 3l.9.9M12.1 12.1l.9.9M13 3l-.9.9M3.9 12.1L3 13',
  dark: 'M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3l3.5 3.5',
  next: 'M6 3l5 5-5 5',
  lock: 'M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  keys: 'M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6',
  check: 'M3 8.5l3.2 3.2L13 5',
} as const

export type IconName = keyof typeof paths

/** Says nothing by itself: what it means stands beside it as text. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}
