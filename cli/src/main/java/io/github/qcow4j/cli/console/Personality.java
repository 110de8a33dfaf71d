package io.github.qcow4j.cli.console;

/** Whose part the program plays, by the name it was called. */
public enum Personality {
  /** It stands in for {@code qemu-img}: the commands of that, in its words alone. */
  QEMU_IMG("qemu-img"),
  /** It is itself: the same commands, its own, and where in an image something is wrong. */
  QCOW4J("qcow4j");

  private final String programName;

  Personality(String programName) {
    this.programName = programName;
  }

  /** The name that every message begins with. */
  public String programName() {
    return programName;
  }

  /** The part for a name, {@link #QCOW4J} for any but {@code qemu-img}. */
  public static Personality of(String calledBy) {
    return calledBy.equals(QEMU_IMG.programName) ? QEMU_IMG : QCOW4J;
  }
}
