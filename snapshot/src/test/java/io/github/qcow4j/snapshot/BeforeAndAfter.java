package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a home shows before an operation, and after it was left alone. */
record BeforeAndAfter(HaltedWork work, Map<String, String> before, Map<String, String> after) {

  /**
   * Requires that what is shown has its old or its new content, and the new one unless it failed.
   *
   * @param happened whether anything was in its way
   */
  void requireOneOfThem(
      Map<String, String> shown, boolean happened, @Nullable IOException failure) {
    // What fails of a collection is told of each thing by itself.
    boolean collects = work == HaltedWork.COLLECT;
    if (failure == null && !(happened && collects)) {
      assertThat(shown).isEqualTo(after);
    } else if (collects) {
      requireNotTooManyGone(shown);
    } else {
      work.requireOldOrNew(before, after, shown, "after " + failure);
      requireWhole(shown);
    }
  }

  /** Of each box and snapshot that stays all is there. */
  private void requireWhole(Map<String, String> shown) {
    Set<String> names =
        shown.keySet().stream().map(BeforeAndAfter::owner).collect(Collectors.toSet());
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
