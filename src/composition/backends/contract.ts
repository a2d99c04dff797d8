import type { Static, TSchema } from 'typebox'
import type { Call } from '../calls/call.ts'
import type { CallOptions } from './call-options.ts'
import type { EventsOptions, EventStream } from './event-types.ts'

export type { CallOptions } from './call-options.ts'

/**
 * Types of what a backend offers, as `openapi-typescript` and `portcullis composition gen` write them: an interface of
 * paths, of methods, each with parameters, requestBody and responses.
 */
export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete'

/** The paths of a contract that have this method. */
export type PathsWith<P, M extends Method> = {
  [K in keyof P & string]: P[K] extends { readonly [m in M]: object } ? K : never
}[keyof P & string]

/** `GET /users/{id}` and so on, of a contract. */
export type Operations<P> = {
  [M in Method]: `${Uppercase<M>} ${PathsWith<P, M>}`
}[Method]

export type Operation<P, K extends keyof P, M extends Method> = P[K] extends { readonly [m in M]: infer O }
  ? O
  : never

/** The operation of a contract that is called `GET /users/{id}`. */
export type OperationCalled<P, Name> = Name extends `${infer M} ${infer K}`
  ? K extends keyof P
    ? Lowercase<M> extends Method
      ? Operation<P, K, Lowercase<M>>
      : never
    : never
  : never

type Success = 200 | 201 | 202 | 203 | 204 | 205 | 206 | '2XX' | '2xx'

/** JSON where that can be had, since it is what is asked for. */
type MediaOf<C> = 'application/json' extends keyof C ? C['application/json'] : C[keyof C]

/** What is in the body of an answer; undefined where there is none. */
type ContentOf<R> = R extends { readonly content: infer C }
  ? C extends object
    ? MediaOf<C>
    : undefined
  : undefined

/** What a call of an operation brings: the body of its answers of success, by the contract. */
export type ResultOf<O> = O extends { readonly responses: infer R }
  ? keyof R & Success extends never
    ? R extends { readonly default: infer D }
      ? ContentOf<D>
      : undefined
    : { [S in keyof R & Success]: ContentOf<R[S]> }[keyof R & Success]
  : never

/** The members of `T` that are there at all: a contract has `query?: never` for what an operation does not take. */
type Given<T, K extends string, As extends string = K> = T extends { readonly [k in K]: infer V }
  ? [V] extends [never]
    ? unknown
    : { readonly [k in As]: V }
  : T extends { readonly [k in K]?: infer V }
    ? [NonNullable<V>] extends [never]
      ? unknown
      : { readonly [k in As]?: NonNullable<V> | undefined }
    : unknown

type BodyOf<O> = O extends { readonly requestBody: { readonly content: infer C } }
  ? { readonly body: MediaOf<C> }
  : O extends { readonly requestBody?: infer B }
    ? [NonNullable<B>] extends [never]
      ? unknown
      : NonNullable<B> extends { readonly content: infer C }
        ? { readonly body?: MediaOf<C> | undefined }
        : unknown
    : unknown

/** An object of which nothing is required may be left out itself. */
type Lax<T, K extends string> =
  Given<T, K> extends { readonly [k in K]: infer V }
    ? Record<never, never> extends V
      ? { readonly [k in K]?: V }
      : Given<T, K>
    : Given<T, K>

type ParametersOf<O> = O extends { readonly parameters: infer P }
  ? Given<P, 'path'> & Lax<P, 'query'> & Lax<P, 'header'>
  : unknown

export type OptionsOf<O> = ParametersOf<O> & BodyOf<O> & CallOptions

/** The second argument of a call; it may be left out where nothing of it is required. */
export type Arguments<T> = Record<never, never> extends T ? [options?: T] : [options: T]

/**
 * A client of a backend of this contract: `c.users.get('/users/{id}', { path: { id } })`. What a path may be depends on
 * the path that is written, so that the compiler names the nearest ones, or the methods that the path has.
 */
export type RestClient<P> = {
  readonly [M in Method]: <const K extends string>(
    path: Known<P, M, K>,
    ...options: Arguments<OptionsOf<Operation<P, K & keyof P, M>>>
  ) => Call<ResultOf<Operation<P, K & keyof P, M>>>
} & RestEvents<P>

/** As `Events`, of the paths that the contract has with GET. */
interface RestEvents<P> {
  events<const K extends string, S extends TSchema = never>(
    path: Known<P, 'get', K>,
    ...options: Arguments<EventsOf<P, K & keyof P> & { readonly item?: S }>
  ): EventStream<[S] extends [never] ? string : Static<S>>
}

type Known<P, M extends Method, K extends string> =
  K extends PathsWith<P, M>
    ? K
    : K extends keyof P
      ? `${Uppercase<M>} is no method of it, ${Uppercase<MethodsOf<P[K]>>} is`
      : NearestOf<PathsWith<P, M>, K>

type MethodsOf<Item> = { [M in Method]: Item extends { readonly [m in M]: object } ? M : never }[Method]

/** Of names those that are alike in their first part or in what is behind that; all where none is. */
type NearestOf<Name extends string, Written extends string> = [Alike<Name, Written>] extends [never]
  ? Name
  : Alike<Name, Written>

type Alike<Name extends string, Written extends string> = Name extends string
  ? First<Name> extends First<Written>
    ? Name
    : Rest<Name> extends Rest<Written>
      ? Name
      : never
  : never

/** `/users` of `/users/{id}`. */
type First<S extends string> = S extends `/${infer One}/${string}` ? `/${One}` : S

type Rest<S extends string> = S extends `/${string}/${infer Behind}` ? Behind : never

type EventsOf<P, K extends keyof P> = ParametersOf<Operation<P, K, 'get'>> &
  Omit<EventsOptions, 'path' | 'query' | 'body' | 'method'>
