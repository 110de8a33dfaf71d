package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.error.DoneUnseenException;
import java.io.IOException;

/** Looks at what an operation came to: a failure to do so is none of the operation. */
final class Afterwards {

  private Afterwards() {}

  /** What is looked at. */
  @FunctionalInterface
  interface Look<T> {
    T at(Views views) throws IOException;
  }

  /**
   * Looks.
   *
   * @param done what is done, in words
   */
  static <T> T see(Home home, String done, Look<T> look) throws DoneUnseenException {
    try {
      return look.at(new Views(home));
    } catch (IOException e) {
      throw new DoneUnseenException(done, e);
    }
  }
}
