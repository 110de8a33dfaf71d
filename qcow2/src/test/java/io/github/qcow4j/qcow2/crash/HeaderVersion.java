package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.rebase.BackingName;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an image's header may say from some moment on, of what a change of names or an amendment
 * changes.
 *
 * @param image which image
 * @param version of the format
 * @param refcountBits the width of its refcounts
 * @param lazyRefcounts whether they are lazy
 * @param backingName as the header has it
 * @param backingFormat as the header has it
 * @param durable whether it can say nothing older from now on
 */
record HeaderVersion(
    Path image,
    int version,
    int refcountBits,
    boolean lazyRefcounts,
    @Nullable String backingName,
    @Nullable String backingFormat,
    boolean durable) {

  /** What the header in the file says, for certain. */
  static HeaderVersion inFile(Volume volume, Path image) throws IOException {
    try (BlockFile file = volume.open(image, OpenOptions.reading())) {
      return of(image, HeaderParser.parse(file, false));
    }
  }

  /** What this header says, for certain. */
  static HeaderVersion of(Path image, Qcow2Header header) {
    return new HeaderVersion(
        image,
        header.version(),
        header.refcountBits(),
        header.has(Feature.LAZY_REFCOUNTS),
        header.backingFileName(),
        header.extensions().backingFormat(),
        true);
  }

  /** The same, and nothing older from now on. */
  HeaderVersion asDurable() {
    return new HeaderVersion(
        image, version, refcountBits, lazyRefcounts, backingName, backingFormat, true);
  }

  /** What it may say once a rebase has begun. */
  HeaderVersion over(@Nullable BackingName backing) {
    return new HeaderVersion(
        image,
        version,
        refcountBits,
        lazyRefcounts,
        backing == null ? null : backing.name(),
        backing == null ? null : backing.format(),
        false);
  }

  /** What it may say once an amendment has begun. */
  HeaderVersion amended(AmendRequest request) {
    int wanted = request.version() == null ? version : request.version();
    boolean lazy = request.lazyRefcounts() == null ? lazyRefcounts : request.lazyRefcounts();
    return new HeaderVersion(
        image,
        wanted,
        request.refcountOrder() == null ? refcountBits : 1 << request.refcountOrder(),
        // Version 2 has no bit for them.
        lazy && wanted >= 3,
        backingName,
        backingFormat,
        false);
  }

  /** Requires that each field is as in one of the versions that the state may have. */
  static void requirePossible(CrashState state, Path image) throws IOException {
    List<HeaderVersion> possible = new ArrayList<>();
    for (Object mark : state.marks()) {
      if (mark instanceof HeaderVersion version && version.image().equals(image)) {
        if (version.durable()) {
          possible.clear();
        }
        possible.add(version);
      }
    }
    List<Object> found = inFile(state.volume(), image).fields();
    for (int at = 0; at < found.size(); at++) {
      int field = at;
      assertThat(possible.stream().map(version -> version.fields().get(field)))
          .as("%s: what its header says", image)
          .contains(found.get(field));
    }
  }

  /** What changes at once, each. */
  private List<Object> fields() {
    return List.of(version, refcountBits, lazyRefcounts, Arrays.asList(backingName, backingFormat));
  }
}
