package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.LeakGuard;
import java.util.ArrayList;
import java.util.List;

/** The threads that jobs begin, all of which end with their jobs. */
final class OwnThreads {

  private OwnThreads() {}

  /** Fails when one goes on. */
  static void requireNone() {
    // Threads belong to the group of who began them; to ask for stacks would take long.
    Thread[] running = new Thread[Thread.activeCount() + 64];
    int count = Thread.enumerate(running);
    List<String> left = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (LeakGuard.isOurs(running[i]) && !LeakGuard.ends(running[i])) {
        left.add(running[i].getName());
      }
    }
    assertThat(left).as("threads").isEmpty();
  }
}
