package io.github.qcow4j.qcow2.check;

import java.util.function.Consumer;

/** Counts findings by severity on their way to the caller. For the check's own thread. */
final class CheckTally {

  private final Consumer<? super CheckFinding> sink;
  private long corruptions;
  private long leaks;
  private long checkErrors;

  CheckTally(Consumer<? super CheckFinding> sink) {
    this.sink = sink;
  }

  void report(CheckFinding finding) {
    switch (finding.severity()) {
      case CORRUPTION -> corruptions++;
      case LEAK -> leaks++;
      case CHECK_ERROR -> checkErrors++;
      case NOTE -> {}
    }
    sink.accept(finding);
  }

  long corruptions() {
    return corruptions;
  }

  long leaks() {
    return leaks;
  }

  long checkErrors() {
    return checkErrors;
  }
}
