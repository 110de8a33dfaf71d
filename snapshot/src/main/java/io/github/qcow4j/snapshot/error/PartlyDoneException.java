package io.github.qcow4j.snapshot.error;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** Says of what failed in the middle what was done before, as a failure suppressed by the other. */
public final class PartlyDoneException extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * @param gone names of what was removed, at least one
   */
  public PartlyDoneException(List<String> gone) {
    super(
        gone.stream().map(name -> "'" + name + "'").collect(Collectors.joining(", "))
            + (gone.size() == 1 ? " is" : " are")
            + " gone already");
  }
}
