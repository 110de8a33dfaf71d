package io.github.qcow4j.cli.fuzz;

/** What a coverage-guided fuzzer calls; the target is named by a system property. */
public final class FuzzEntry {

  /** Names the {@link FuzzTarget}. */
  static final String TARGET = "qcow4j.fuzz.target";

  private static final FuzzTarget FUZZ_TARGET = FuzzTarget.valueOf(System.getProperty(TARGET));

  private FuzzEntry() {}

  /** One execution. */
  public static void fuzzerTestOneInput(byte[] input) {
    Object _ = FUZZ_TARGET.run(input);
  }
}
