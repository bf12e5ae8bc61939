// The door for scenarios of `cpuhp explore`: see docs/explore.md.
export {
  type Actor,
  type Answers,
  call,
  look,
  offline,
  online,
  type Scenario,
  type Step,
  scenario,
  step,
  work,
  write,
} from './explore/scenario.js'
