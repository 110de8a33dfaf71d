package io.github.qcow4j.qcow2.header;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.UnknownExtension;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The header of an image in memory: replaced again and again, and seen after every power cut. */
final class HeaderBench implements AutoCloseable {

  private static final Object DURABLE = "durable";

  private final SimulatedVolume volume;
  private final BlockFile file;

  private HeaderBench(SimulatedVolume volume, BlockFile file) throws IOException {
    this.volume = volume;
    this.file = file;
    volume.settle();
    volume.mark(Said.by(header()));
  }

  /** The image {@link HeaderSamples#IMAGE} of a volume, as it is now. */
  static HeaderBench on(SimulatedVolume volume) throws IOException {
    return new HeaderBench(volume, volume.open(HeaderSamples.IMAGE, OpenOptions.writing()));
  }

  /** An image that is a header cluster, or its beginning. */
  static HeaderBench holding(ByteBuffer cluster) throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    BlockFile file = volume.open(HeaderSamples.IMAGE, OpenOptions.creatingNew());
    file.write(cluster.duplicate(), 0);
    return new HeaderBench(volume, file);
  }

  /** What a header says about an image; how it says it does not matter. */
  private record Said(
      int version,
      long size,
      long incompatible,
      long autoclear,
      @Nullable String backingName,
      @Nullable String backingFormat,
      @Nullable String dataFileName,
      @Nullable BitmapsExtension bitmaps,
      UnknownBytes unknownTail,
      List<UnknownExtension> unknownExtensions) {

    static Said by(Qcow2Header header) {
      HeaderExtensions extensions = header.extensions();
      return new Said(
          header.version(),
          header.storedSize(),
          header.incompatibleFeatures(),
          header.autoclearFeatures(),
          header.backingFileName(),
          extensions.backingFormat(),
          extensions.dataFileName(),
          extensions.bitmaps(),
          header.unknownTail(),
          extensions.unknown());
    }
  }

  BlockFile file() {
    return file;
  }

  Qcow2Header header() throws IOException {
    return HeaderParser.parse(file, false);
  }

  /** How often the file is read for its header. */
  int readsOfHeader() throws IOException {
    volume.faults().only("pread");
    header();
    return Math.toIntExact(volume.faults().calls());
  }

  ByteBuffer cluster() throws IOException {
    return cluster(file, header());
  }

  private static ByteBuffer cluster(BlockFile file, Qcow2Header header) throws IOException {
    ByteBuffer cluster = ByteBuffer.allocate(header.clusterSize());
    file.readPadded(cluster, 0);
    return cluster.flip();
  }

  /** From now on a power cut may leave this one as well. */
  void mayBecome(Qcow2Header wanted) {
    volume.mark(Said.by(wanted));
  }

  /** From now on a power cut must leave the header as it is. */
  void isDurable() throws IOException {
    volume.mark(DURABLE);
    volume.mark(Said.by(header()));
  }

  /**
   * Replaces the header by a changed one, of which every byte stands there afterwards and none of
   * the old one does, or finds it refused, and unchanged. Either is known before.
   *
   * @return in how many steps it was done, each of them durable before the next; -1 when refused
   */
  int replace(UnaryOperator<HeaderDraft> change) throws IOException {
    Qcow2Header old = header();
    Qcow2Header wanted = change.apply(HeaderDraft.of(old)).header();
    ByteBuffer before = cluster();
    boolean possible = hasRoom(() -> HeaderRewrite.requirePossible(file, old, wanted));
    assertThat(cluster()).as("asked only").isEqualTo(before);
    mayBecome(wanted);
    volume.faults().only("fdatasync");
    boolean replaced = hasRoom(() -> HeaderRewrite.replace(file, old, wanted));
    int steps = Math.toIntExact(volume.faults().calls());
    assertThat(replaced).as("as was told before").isEqualTo(possible);
    assertThat(cluster())
        .isEqualTo(replaced ? HeaderWriter.encode(HeaderSamples.IMAGE, wanted) : before);
    assertThat(Said.by(header())).isEqualTo(Said.by(replaced ? wanted : old));
    isDurable();
    return replaced ? steps : -1;
  }

  /** Something that is refused for want of room, or is not. */
  @FunctionalInterface
  private interface Attempt {
    void make() throws IOException;
  }

  private static boolean hasRoom(Attempt attempt) throws IOException {
    try {
      attempt.make();
      return true;
    } catch (LimitExceededException e) {
      return false;
    }
  }

  /** What to look at in a header that a power cut left, and in its cluster. */
  @FunctionalInterface
  interface Look {
    void at(Qcow2Header header, ByteBuffer cluster);
  }

  /** Nothing but what it says. */
  static final Look NO_LOOK = (header, cluster) -> {};

  /** Looks for headers that say neither what the old one says nor what the new one does. */
  CrashReport explore() {
    return explore(NO_LOOK);
  }

  CrashReport explore(Look look) {
    return explore(0, FormatLimits.SECTOR_BYTES, look);
  }

  CrashReport explore(long seed, int sectorBytes, Look look) {
    return CrashExplorer.of(volume)
        .seed(seed)
        .sectorBytes(sectorBytes)
        .limitPerPoint(40)
        .explore(state -> {
          try (BlockFile left = state.volume().open(HeaderSamples.IMAGE, OpenOptions.reading())) {
            Qcow2Header found = HeaderParser.parse(left, false);
            assertThat(possible(state.marks())).as(state.description()).contains(Said.by(found));
            look.at(found, cluster(left, found));
          }
        });
  }

  private static List<Object> possible(List<Object> marks) {
    return marks.subList(marks.lastIndexOf(DURABLE) + 1, marks.size());
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
