package io.github.qcow4j.cli.leaks;

import io.github.qcow4j.cli.leaks.Holdings.Kind;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * What the virtual machine itself takes beside the jobs.
 *
 * @param once of a kind, however many rounds there are
 * @param eachRound more of it with each round
 */
record Slack(long once, long eachRound) {

  private static Slack of(Kind kind) {
    return switch (kind) {
      case LIVE_HEAP_BYTES -> new Slack(32 << 10, 4 << 10);
      case LENT_BYTES -> new Slack(128 << 10, 8 << 10);
      // In pages, of which the C library may take some and give back none.
      case PRIVATE_KIBIBYTES -> new Slack(512, 16);
      case MAPPINGS -> new Slack(8, 0);
      case DESCRIPTORS, THREADS -> new Slack(0, 0);
    };
  }

  /** The kinds of which more was kept in so many rounds than the machine takes. */
  static Set<Kind> exceeded(Map<Kind, Long> before, Map<Kind, Long> after, int rounds) {
    Set<Kind> exceeded = EnumSet.noneOf(Kind.class);
    before.forEach((kind, amount) -> {
      Slack slack = of(kind);
      if (after.get(kind) - amount > slack.once() + rounds * slack.eachRound()) {
        exceeded.add(kind);
      }
    });
    return exceeded;
  }
}
