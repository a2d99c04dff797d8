import { showsColour } from '../../telemetry/colour.ts'
import type { CheckOptions } from '../command/options.ts'
import { discoverAll, translateAll } from '../../translation/role.ts'
import { choose } from '../roles.ts'
import { sourceOf } from '../command/sources.ts'
import { judge, verdictGithub, verdictJson, verdictText } from './verdict.ts'

/** `portcullis check`: 0 when everything would serve as it is written, else 1. */
export async function check(options: CheckOptions): Promise<number> {
  const { paths, settings, output, strict } = options
  const { roles, kinds } = choose(options.roles)
  const source = await sourceOf(paths, kinds)
  const { resources, problems } = source.load()
  const facts = await discoverAll(roles, resources)
  const translation = translateAll(roles, resources, { ...settings, nowMs: Date.now(), facts })
  const verdict = judge(problems, translation, strict)
  const text = {
    text: () => verdictText(verdict, file => source.textOf(file), showsColour(1)),
    json: () => verdictJson(verdict, [...problems, ...translation.problems], translation.conditions),
    github: () => verdictGithub(verdict),
  }
  process.stdout.write(text[output]())
  return verdict.ok ? 0 : 1
}
