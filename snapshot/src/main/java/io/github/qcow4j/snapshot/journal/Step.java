package io.github.qcow4j.snapshot.journal;

/** The moments of an operation between which a process can die. */
public enum Step {
  /** The intent is durable, and nothing has happened yet. */
  INTENT_COMMITTED,
  /** The new files are complete and durable. */
  FILES_MADE,
  /** One more live file was switched; comes once for each. */
  SWITCHED,
  /** The result is durable. */
  RESULT_COMMITTED,
  /** The files that were to go are gone. */
  SWEPT
}
