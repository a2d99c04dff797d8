import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { portcullis } from '../support/command.ts'
import { exampleFile } from '../support/example.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'

// Commands about what is recorded and what is in the store, as people and scripts use them, on the real program.

const plan = (name: string, amount: number): string =>
  `apiVersion: portcullis.dev/v1alpha1\nkind: Plan\nmetadata: { name: ${name} }\nspec:\n  limits: [{ name: burst, kind: Rate, amount: ${amount}, per: Second }]\n`

const pets = readFileSync(exampleFile('plans/portcullis/pets.yaml'), 'utf8')

suite('commands about records', () => {
  const folder = new Folder()
  const data = join(folder.path, 'state')
  let gateway: RunProcess

  /** Of a command that is to end with this code: its output, or what it says on standard error. */
  const run = async (command: string, code = 0, input = ''): Promise<string> => {
    const args = command.match(/'[^']*'|\S+/g)!.map(word => word.replaceAll("'", ''))
    const outcome = await portcullis([...args, '--data', data], input)
    assert.equal(outcome.code, code, `${command}\n${outcome.stdout}${outcome.stderr}`)
    return code === 0 ? outcome.stdout : outcome.stderr
  }
  const json = async (command: string): Promise<unknown> => JSON.parse(await run(`${command} -o json`))

  before(async () => {
    folder.write('pets.yaml', pets.replace('port: 8080', `port: ${await freePort()}`))
    gateway = await RunProcess.start([join(folder.path, 'pets.yaml')], '--data', data, '--workers', '1')
    await gateway.started()
  })

  after(async () => {
    await gateway[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  test('an application, its subscription and its key, by their names', async () => {
    assert.match(await run('apps create my-app'), /^application  my-app\naccount      default\n/)
    assert.match(await run('subscriptions create my-app pets --plan pets-free'), /^status       active$/m)
    const key = await run("keys create my-app --name 'the first' --expires 90d")
    // Alone, for $(…).
    assert.match(key, /^pc_live_[0-9a-z]{16}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}\n$/)
    const listed = await run('keys list default/my-app')
    assert.match(listed, /^KEY .* NAME .* STATUS .* EXPIRES .* ID\npc_live_[0-9a-z]{16}… +the first +active /)
    assert.ok(!listed.includes(key.trim()))
    const shown = await run('apps show my-app')
    assert.match(shown, /^pets +pets-free +active /m)
    assert.match(shown, /^pc_live_/m)
  })

  test('a key that takes the place of another, and one that counts no more', async () => {
    await run('apps create rotating')
    await run('keys create rotating --name first')
    const made = await portcullis(['keys', 'rotate', 'rotating', '--overlap', '1h', '--data', data])
    assert.match(
      made.stderr,
      /^The key, in place of pc_live_[0-9a-z]+…, which counts until .*not shown again/,
    )
    const both = (await json('keys list rotating')) as {
      readonly id: string
      readonly expiresAt: string | null
    }[]
    assert.equal(both.length, 2)
    assert.match(await run('keys revoke rotating', 1), /rotating has 2 keys, expected which one/)
    const old = both.find(({ expiresAt }) => expiresAt !== null)!
    await run(`keys revoke rotating ${old.id} --reason leaked`)
    await run(`keys revoke ${made.stdout.trim().length > 0 ? 'rotating' : ''}`)
    assert.equal(await run('keys list rotating'), '')
    assert.equal(((await json('keys list rotating --all')) as unknown[]).length, 2)
  })

  test('a subscription from its beginning to its end', async () => {
    await run("apps create golden --title 'Who pays'")
    assert.match(await run('subscriptions create golden pets --plan pets-gold'), /^status       pending$/m)
    const pending = (await json('subscriptions list --status pending')) as { readonly id: string }[]
    assert.equal(pending.length, 1)
    assert.match(await run(`subscriptions approve ${pending[0]!.id}`), /^status       active$/m)
    assert.match(await run('subscriptions suspend golden --reason unpaid'), /^reason       unpaid$/m)
    assert.match(await run('subscriptions resume golden pets'), /^status       active$/m)
    assert.match(await run('subscriptions change golden --plan pets-free'), /^before       pets-gold$/m)
    assert.match(await run('subscriptions cancel golden'), /^status       cancelled$/m)
    assert.match(await run('subscriptions cancel golden', 1), /golden has no subscription/)
  })

  for (const [command, code, message] of [
    [
      'apps show my-ap',
      1,
      /there is no application "my-ap" \(did you mean "my-app"\?\); .*: portcullis apps list/,
    ],
    ['apps show nobody/my-app', 1, /there is no application "my-app" in account nobody; /],
    ['apps create my-app', 1, /./],
    [
      'subscriptions create my-app pet',
      1,
      /there is no product "pet" \(did you mean "pets"\?\); those there are: pets/,
    ],
    ['subscriptions create my-app pets', 1, /which plan of pets\? its plans are pets-free, pets-gold/],
    ['subscriptions create my-app pets --plan fre', 1, /product pets has no plan "fre"/],
    ['subscriptions change my-app pets', 2, /needs --plan/],
    ['keys create', 2, /keys create: expected APP, such as: portcullis keys create my-app/],
    ['keys create my-app --kind basic', 2, /--kind basic needs --user/],
    ['keys create my-app --subject CN=a', 2, /--subject is not of --kind api-key/],
    ['keys create my-app --expires tomorrow', 2, /--expires: "tomorrow" is no time/],
    [
      'keys revoke my-app another',
      1,
      /none of the keys of my-app is called "another"; see portcullis keys list my-app/,
    ],
    ['apps list extra', 2, /apps list: expected no argument/],
    ['apps list --admin 127.0.0.1:1', 1, /nobody answers at http:\/\/127\.0\.0\.1:1/],
  ] as const)
    test(`${command}: ${code}, and why`, async () => assert.match(await run(command, code), message))

  test('who has changed what, and that nobody has changed that', async () => {
    assert.match(await run('audit list --kind application'), /^SEQ +AT .*\n.*application\.create +my-app/s)
    const events = (await json('audit list --kind credential -n 1')) as { readonly by: string }[]
    assert.deepEqual([events.length, events[0]?.by], [1, 'socket'])
    assert.match(await run('audit verify'), /^ok: \d+ events, the last is \d+ with hash [0-9a-f]{64}\n$/)
  })

  test('objects of the store: difference, apply, dump, prune', async () => {
    const file = join(folder.path, 'plans.yml')
    writeFileSync(file, `${plan('silver', 7)}---\n${plan('bronze', 1)}`)
    const outcome = await portcullis(['diff', file, '--data', data])
    assert.equal(outcome.code, 1)
    assert.match(outcome.stdout, /^Plan\/bronze created\n\+ apiVersion: .*^Plan\/silver created$/ms)
    assert.match(await run(`apply --owner us ${file}`), /^Plan\/silver created$/m)
    assert.equal(await run(`diff ${file}`), '')
    const dumped = await run('dump --kind Plan')
    assert.match(dumped, /^kind: Plan$.*name: bronze$.*^---$.*name: silver$/ms)
    assert.equal(await run('diff -', 0, dumped), '')

    writeFileSync(file, plan('silver', 70))
    const changed = await portcullis(['diff', file, '--data', data])
    assert.match(changed.stdout, /^- {7}amount: 7\n\+ {7}amount: 70$/m)
    assert.match(await run(`apply --prune ${file}`, 2), /--prune needs --owner/)
    assert.match(await run(`apply --prune --owner others ${file}`), /^Plan\/silver updated$/m)
    assert.match(await run('dump --kind Plan'), /name: bronze/)
    assert.match(await run(`apply --prune --owner us ${file}`), /^Plan\/bronze deleted$/m)
    assert.doesNotMatch(await run('dump --kind Plan'), /name: bronze/)

    writeFileSync(file, plan('silver', 70).replace('Rate', 'Rat'))
    assert.match(
      await run(`apply ${file}`, 1),
      /plans\.yml:5:\d+ Plan\/silver spec\.limits\[0\]\.kind: .*nothing is sent/s,
    )
    assert.match(await run(`apply ${join(folder.path, 'pets.yaml')}`, 1), /pets\.yaml:\d+:\d+/)
  })

  test('a backup, which a store that is empty takes, and no other', async () => {
    const file = join(folder.path, 'backup.jsonl')
    await run(`backup ${file}`)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.match(await run(`backup ${file}`, 1), /is there already; --force writes over it/)
    assert.match(await run(`restore ${file}`, 1), /a gateway runs with --data/)
    const other = join(folder.path, 'other')
    const half = join(folder.path, 'half.jsonl')
    writeFileSync(half, readFileSync(file, 'utf8').split('\n').slice(0, -2).join('\n'))
    const restore = async (name: string) => portcullis(['restore', name, '--data', other])
    assert.match((await restore(half)).stderr, /ends too early/)
    assert.match((await restore(join(folder.path, 'none'))).stderr, /^portcullis: cannot read .*none/)
    const whole = await restore(file)
    assert.deepEqual([whole.code, whole.stdout], [0, ''], whole.stderr)
    assert.match((await restore(file)).stderr, /is in use: a dump is restored into an empty store/)

    const elsewhere = join(folder.path, 'elsewhere.yaml')
    writeFileSync(elsewhere, pets.replace('port: 8080', `port: ${await freePort()}`))
    await using second = await RunProcess.start([elsewhere], '--data', other, '--workers', '1')
    await second.started()
    const apps = await portcullis(['apps', 'list', '--data', other])
    assert.match(apps.stdout, /^my-app /m)
  })
})
