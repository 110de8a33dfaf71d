package io.github.qcow4j.qcow2.verify;

import io.github.qcow4j.qcow2.verify.Concern.Reason;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Collects concerns, a limited number of each kind. For one thread. */
final class ConcernList {

  private final List<Concern> concerns = new ArrayList<>();
  private final Map<Reason, Integer> counts = new EnumMap<>(Reason.class);
  private long unlisted;
  private long missingCopiedFlags;

  void add(Reason reason, String detail) {
    if (counts.merge(reason, 1, Integer::sum) <= ImageVerification.MAX_CONCERNS) {
      concerns.add(new Concern(reason, detail));
    } else {
      unlisted++;
    }
  }

  /** Counts what concerns nobody, but can be put right. */
  void addMissingCopiedFlag() {
    missingCopiedFlags++;
  }

  long missingCopiedFlags() {
    return missingCopiedFlags;
  }

  List<Concern> all() {
    return List.copyOf(concerns);
  }

  long unlisted() {
    return unlisted;
  }
}
