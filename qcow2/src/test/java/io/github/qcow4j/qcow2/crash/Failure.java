package io.github.qcow4j.qcow2.crash;

/** Marks beside those of the work. */
enum Failure {
  /** Some call had failed before the state was left. */
  HAPPENED,
  /** And the power did not go. */
  SURVIVED
}
