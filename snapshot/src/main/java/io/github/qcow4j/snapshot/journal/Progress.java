package io.github.qcow4j.snapshot.journal;

import io.github.qcow4j.nativeio.SwitchState;
import io.github.qcow4j.snapshot.error.DisagreementException;

/** How far a change of files in one step has come. */
enum Progress {
  /** Nothing has happened, and it could be done. */
  READY,
  /** Nothing has happened, and it cannot be done: the new file is lost. */
  LOST,
  /** It was begun, and can be ended. */
  BEGUN,
  /** It was begun, and can only be undone. */
  STUCK,
  /** It is done. */
  DONE;

  /**
   * What the names of the files say.
   *
   * @param state where the live file and the one to be kept stand
   * @param freshThere whether the new file still has the name it was made by
   * @throws DisagreementException when no step of ours leads there
   */
  static Progress of(SwitchState state, boolean freshThere) throws DisagreementException {
    return switch (state) {
      case UNCHANGED -> freshThere ? READY : LOST;
      case LINKED, BETWEEN -> freshThere ? BEGUN : STUCK;
      case EXCHANGED -> BEGUN;
      case DONE -> DONE;
      case UNEXPLAINED ->
          throw new DisagreementException(
              "the files of an unfinished operation were changed by others");
    };
  }
}
