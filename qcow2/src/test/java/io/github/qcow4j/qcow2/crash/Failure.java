package io.github.qcow4j.qcow2.crash;

/** A mark beside those of the work: that some call had failed before the state was left. */
enum Failure {
  HAPPENED
}
