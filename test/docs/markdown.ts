// What the pages of docs/reference are made of.

const made = 'Made from the source by `npm run docs`; change the table or schema that it comes from.'

export function page(title: string, ...parts: readonly string[]): string {
  return `# ${title}\n\n${made}\n\n${parts.join('\n\n')}\n`
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** Text in which asterisks are asterisks, but for code in it. */
export function prose(text: string): string {
  return text
    .split('`')
    .map((part, i) => (i % 2 === 0 ? part.replaceAll('*', '\\*') : part))
    .join('`')
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

/** To a heading of the same page. */
export function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`
}
