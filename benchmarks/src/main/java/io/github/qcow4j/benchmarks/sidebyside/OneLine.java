package io.github.qcow4j.benchmarks.sidebyside;

/** A program that prints one line: the least that any program of a runtime takes. */
public final class OneLine {

  private OneLine() {}

  /** Prints it. */
  public static void main(String[] arguments) {
    System.out.println("one line");
  }
}
