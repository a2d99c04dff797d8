import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { RequestStory, StoryFilter, StoryStep } from '../../../src/admin/shapes/requests.ts'
import { ApiError } from '../../api/request.ts'
import { storyQuery } from '../../api/queries.ts'
import { duration } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { Place } from '../../parts/links.tsx'
import { Mark, statusTone, Tag, type Tone } from '../../parts/mark.tsx'
import { Page, Panel } from '../../parts/page.tsx'
import { viewsTexts } from '../../texts/shell.ts'
import { storyTexts as t } from '../../texts/story.ts'
import { targetOf, urlOf } from './request-text.ts'
import { StoryFacts } from './story-facts.tsx'
import { Timeline } from './timeline.tsx'

const here = getRouteApi('/requests/$id')

export function StoryView() {
  const { id } = here.useParams()
  const query = useQuery(storyQuery(id))
  const story = query.data
  return (
    <Page
      title={t.title}
      about={story === undefined ? <code>{id}</code> : <Asked story={story} />}
      actions={story === undefined ? undefined : <Actions story={story} />}
    >
      <Answer query={query} missing={<Missing error={query.error} />}>
        {found => <Body story={found} />}
      </Answer>
    </Page>
  )
}

/** The gateway says how far back what it keeps reaches. */
function Missing({ error }: { readonly error: Error | null }) {
  return (
    <Empty title={t.missing}>
      {error instanceof ApiError ? <p>{error.message}</p> : null}
      <p>{t.missingHint}</p>
      <Link to="/requests">{viewsTexts.requests}</Link>
    </Empty>
  )
}

function Asked({ story }: { readonly story: RequestStory }) {
  const { status, method, scheme, host } = story
  return (
    <span className="asked big">
      <Mark tone={statusTone(status)}>{status ?? t.noStatus}</Mark> <b>{method}</b> {scheme}://{host}
      {targetOf(story)}
    </span>
  )
}

function Actions({ story }: { readonly story: RequestStory }) {
  const { method, route } = story
  return (
    <>
      {route === null ? null : (
        <Link className="button" to="/requests" search={{ route }}>
          {t.similar}
        </Link>
      )}
      {method === null ? null : (
        <Link className="button" to="/explain" search={{ method, url: urlOf(story) }}>
          {t.explain}
        </Link>
      )}
    </>
  )
}

function Body({ story }: { readonly story: RequestStory }) {
  const { failure, failureReason, rejection, snapshot, leftOut } = story
  return (
    <>
      {failure === null && rejection === null ? null : (
        <section className="wrong bad" aria-label={t.failure}>
          <header>
            <h2>{failure ?? rejection}</h2>
            <span>
              {[failureReason, failure === null ? null : rejection].filter(text => text !== null).join(', ')}
            </span>
          </header>
        </section>
      )}
      <Panel title={t.where} aside={duration(story.durationMs)}>
        <Timeline story={story} />
      </Panel>
      <div className="columns">
        <div className="stack wide">
          <Panel title={t.phases} aside={snapshot.inForce ? undefined : t.older(snapshot.version)}>
            <ol className="phases">
              {story.phases.map((step, i) => (
                <Step key={`${step.layer} ${i}`} step={step} />
              ))}
            </ol>
          </Panel>
          {story.filters.length === 0 ? null : (
            <Panel title={t.filters} aside={leftOut === 0 ? undefined : t.leftOut(leftOut)}>
              <ol className="filters">
                {story.filters.map((filter, i) => (
                  <Met key={`${filter.type} ${i}`} filter={filter} />
                ))}
              </ol>
            </Panel>
          )}
        </div>
        <StoryFacts story={story} />
      </div>
    </>
  )
}

function Step({ step: { layer, says, at, decided } }: { readonly step: StoryStep }) {
  return (
    <li className={decided ? 'decided' : undefined}>
      <b>{t.layers[layer]}</b>
      <div>
        {says} {decided ? <Mark tone="accent">{t.decided}</Mark> : null}{' '}
        {at === null ? null : <Place at={at} />}
      </div>
    </li>
  )
}

const tones: Readonly<Record<StoryFilter['did'], Tone>> = {
  passed: 'quiet',
  answered: 'accent',
  transformed: 'accent',
  waited: 'warn',
  failed: 'bad',
  'not-met': 'quiet',
}

function Met({
  filter: { type, phase, role, at, did, side, ms, summary },
}: {
  readonly filter: StoryFilter
}) {
  return (
    <li>
      <Tag>{phase ?? side}</Tag>
      {role === null ? null : <Tag>{role}</Tag>}
      <b>{type}</b>
      <Mark tone={tones[did]}>{`${t.did[did]}${ms === null ? '' : ` ${duration(ms)}`}`}</Mark>
      <span>{summary}</span>
      <span className="origin">
        <span className="muted">{at.object}</span>
        <Place at={at} />
      </span>
    </li>
  )
}
