package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.error.PartlyDoneException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Several removals in a row. */
public final class OneByOne {

  private OneByOne() {}

  /** Removes one. */
  @FunctionalInterface
  public interface Removal {
    void remove(String name) throws IOException;
  }

  /** Removes all; the first failure ends it, and tells of those that are gone already. */
  public static void remove(List<String> names, Removal removal) throws IOException {
    List<String> gone = new ArrayList<>();
    for (String name : names) {
      try {
        removal.remove(name);
      } catch (IOException e) {
        if (!gone.isEmpty()) {
          e.addSuppressed(new PartlyDoneException(gone));
        }
        throw e;
      }
      gone.add(name);
    }
  }
}
