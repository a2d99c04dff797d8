import { useRouterState } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import { followFigures } from '../api/figures.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { commonTexts } from '../texts/common.ts'
import { keysTexts } from '../texts/shell.ts'
import { Allowed } from './allowed.tsx'
import { useKeys } from './keyboard.ts'
import { Menu, SideFoot } from './menu.tsx'
import { ReachBar } from './reach-bar.tsx'
import { TokenDialog } from './token-dialog.tsx'

export function Shell() {
  const [helped, setHelped] = useState(false)
  const [opened, setOpened] = useState(false)
  const help = useCallback(() => setHelped(true), [])
  useEffect(followFigures, [])
  useKeys(help)
  useFocusOfNewPage()
  return (
    <>
      <a className="skip" href="#main">
        {commonTexts.skip}
      </a>
      <div className="shell">
        <header className="side">
          <Brand />
          <Menu />
          <SideFoot onHelp={help} />
        </header>
        <header className="top">
          <button
            type="button"
            className="bare"
            aria-label={commonTexts.menu}
            onClick={() => setOpened(true)}
          >
            <Icon name="menu" />
          </button>
          <Brand />
        </header>
        <div className="content">
          <ReachBar />
          <main id="main" tabIndex={-1}>
            <Allowed />
          </main>
        </div>
      </div>
      <Dialog open={opened} onClose={() => setOpened(false)} title={commonTexts.product} className="drawer">
        <Menu onChoose={() => setOpened(false)} />
        <SideFoot onHelp={help} />
      </Dialog>
      <Dialog open={helped} onClose={() => setHelped(false)} title={keysTexts.title}>
        <dl className="keys">
          {keysTexts.rows.map(([key, does]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </Dialog>
      <TokenDialog />
    </>
  )
}

function Brand() {
  return (
    <span className="brand">
      <img src="/favicon.svg" alt="" width="22" height="22" />
      {commonTexts.product}
    </span>
  )
}

/** Who uses a screen reader or the keyboard begins with the new page, as after a page that was loaded. */
function useFocusOfNewPage(): void {
  const path = useRouterState({ select: state => state.location.pathname })
  const first = useRef(path)
  useEffect(() => {
    if (first.current === path) return
    first.current = ''
    document.querySelector<HTMLElement>('#main')?.focus({ preventScroll: true })
  }, [path])
}
