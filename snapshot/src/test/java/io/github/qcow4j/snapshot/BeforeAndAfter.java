package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.snapshot.error.DoneUnseenException;
import io.github.qcow4j.snapshot.error.PartlyDoneException;
import io.github.qcow4j.snapshot.error.UnsettledException;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a home shows before an operation, and after it was left alone. */
record BeforeAndAfter(HaltedWork work, Map<String, String> before, Map<String, String> after) {

  /** Between a box and the role of a disk that its last restore has kept. */
  static final String KEPT = "~";

  private static final Pattern QUOTED = Pattern.compile("'([^']*)'");

  /**
   * Requires what was told: the new content of what is done, the old one of what failed, and either
   * of what is open.
   *
   * @param happened whether anything was in its way
   */
  void requireAsTold(Map<String, String> shown, boolean happened, @Nullable IOException failure) {
    if (work == HaltedWork.COLLECT && (happened || failure != null)) {
      // What fails of a collection is told of each thing by itself.
      requireNotTooManyGone(shown);
      return;
    }
    String what = "after " + failure;
    switch (failure) {
      case null -> assertThat(shown).isEqualTo(after);
      case DoneUnseenException done -> assertThat(shown).as(what).isEqualTo(after);
      case UnsettledException open -> {
        work.requireOldOrNew(before, after, shown, what);
        requireWhole(shown);
      }
      default -> {
        if (work.inManySteps()) {
          work.requireOldOrNew(before, after, shown, what);
          requireWhole(shown);
          assertThat(gone(shown)).as(what).isEqualTo(toldGone(failure));
        } else {
          assertThat(shown).as(what).isEqualTo(before);
        }
      }
    }
  }

  /** Names of snapshots and boxes that are gone; a box takes its snapshots along. */
  private Set<String> gone(Map<String, String> shown) {
    Set<String> owners = owners(before);
    owners.removeAll(owners(shown));
    return owners.stream()
        .filter(each -> !each.contains(KEPT))
        .filter(each -> isLive(each) || !owners.contains(each.substring(0, each.indexOf('/'))))
        .map(each -> each.substring(each.indexOf('/') + 1))
        .collect(Collectors.toSet());
  }

  private static Set<String> toldGone(IOException failure) {
    Set<String> names = new HashSet<>();
    for (Throwable note : failure.getSuppressed()) {
      if (note instanceof PartlyDoneException done) {
        QUOTED
            .matcher(String.valueOf(done.getMessage()))
            .results()
            .forEach(name -> names.add(name.group(1)));
      }
    }
    return names;
  }

  private static Set<String> owners(Map<String, String> shown) {
    return shown.keySet().stream()
        .map(BeforeAndAfter::owner)
        .collect(Collectors.toCollection(HashSet::new));
  }

  /** Of each box and snapshot that stays all is there. */
  private void requireWhole(Map<String, String> shown) {
    Set<String> names = owners(shown);
    assertThat(shown.keySet())
        .containsAll(before.keySet().stream().filter(each -> names.contains(owner(each))).toList());
  }

  private static String owner(String shown) {
    int colon = shown.indexOf(':');
    return colon < 0 ? shown : shown.substring(0, colon);
  }

  /** Where one snapshot cannot be removed, a collection removes another to keep as many. */
  private void requireNotTooManyGone(Map<String, String> shown) {
    assertThat(before).containsAllEntriesOf(shown);
    assertThat(shown.keySet())
        .containsAll(before.keySet().stream().filter(BeforeAndAfter::isLive).toList());
    assertThat(snapshots(shown)).hasSizeGreaterThanOrEqualTo(snapshots(after).size());
  }

  private static boolean isLive(String shown) {
    return !shown.contains("/");
  }

  private static Set<String> snapshots(Map<String, String> shown) {
    return shown.keySet().stream()
        .filter(each -> !isLive(each))
        .map(BeforeAndAfter::owner)
        .collect(Collectors.toSet());
  }
}
