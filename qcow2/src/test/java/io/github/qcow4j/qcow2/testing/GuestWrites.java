package io.github.qcow4j.qcow2.testing;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Draws qemu-io commands for one layer, and remembers what they did to it. */
final class GuestWrites {

  private static final long MAX_WRITE_BYTES = 512 << 10;
  private static final long MAX_REQUEST_BYTES = 1 << 30;

  private final LayerSpec spec;
  private final long virtualSizeBytes;
  private final String patternFolder;
  private final SplittableRandom random;
  private final BitSet touchedClusters = new BitSet();
  private final BitSet compressedClusters = new BitSet();
  private final Set<Feature> features = EnumSet.noneOf(Feature.class);
  private final boolean clustersMayBeAllocated;
  private boolean compressionMayBeRefused;

  GuestWrites(
      LayerSpec spec,
      long virtualSizeBytes,
      boolean clustersMayBeAllocated,
      String patternFolder,
      SplittableRandom random) {
    this.spec = spec;
    this.virtualSizeBytes = virtualSizeBytes;
    this.clustersMayBeAllocated = clustersMayBeAllocated;
    this.patternFolder = patternFolder;
    this.random = random;
  }

  /**
   * Draws {@code count} commands, in batches for one process each.
   *
   * <p>QEMU 7.2 forgets to move its append position when it frees the host cluster that it last
   * appended compressed data to: compressing on in the same process overwrites whatever lives there
   * by then. A new process starts at a new host cluster.
   */
  List<List<String>> batches(int count, boolean favourCompression) {
    List<List<String>> batches = new ArrayList<>();
    List<String> batch = new ArrayList<>();
    boolean compressedMayBeFreed = false;
    for (int i = 0; i < count && virtualSizeBytes > 0; i++) {
      int draw = random.nextInt(100);
      boolean compress = spec.mayCompress() && draw < (favourCompression ? 50 : 15);
      if (compress && compressedMayBeFreed) {
        batches.add(batch);
        batch = new ArrayList<>();
        compressedMayBeFreed = false;
      }
      batch.add(compress ? compressed() : draw < 75 ? data(dataSpan()) : zeroOrDiscard());
      compressedMayBeFreed |= !compress || compressionMayBeRefused;
    }
    batches.add(batch);
    return batches;
  }

  private GuestRange.Span dataSpan() {
    return new GuestRange(spec, virtualSizeBytes, random).draw(MAX_WRITE_BYTES);
  }

  Set<Feature> features() {
    return features;
  }

  boolean compressionMayBeRefused() {
    return compressionMayBeRefused;
  }

  private String data(GuestRange.Span span) {
    int first = clusterIndex(span.offset());
    int last = clusterIndex(span.end() - 1);
    touchedClusters.set(first, last + 1);
    if (compressedClusters.nextSetBit(first) >= 0 && compressedClusters.nextSetBit(first) <= last) {
      features.add(Feature.COMPRESSED_OVERWRITTEN);
    }
    return "write " + source() + span;
  }

  private String zeroOrDiscard() {
    // Version 2 has no zero flag: QEMU writes real zeros there.
    long maxBytes = spec.version() == 2 ? MAX_WRITE_BYTES : MAX_REQUEST_BYTES;
    GuestRange.Span span = new GuestRange(spec, virtualSizeBytes, random).draw(maxBytes);
    touchedClusters.set(clusterIndex(span.offset()), clusterIndex(span.end() - 1) + 1);
    return switch (random.nextInt(5)) {
      case 0, 1 -> {
        features.add(Feature.ZEROED);
        yield "write -z " + span;
      }
      case 2 -> {
        features.add(Feature.ZEROED);
        yield "write -zu " + span;
      }
      default -> {
        features.add(Feature.DISCARDED);
        yield "discard " + span;
      }
    };
  }

  /** Compressed writes start at a cluster border and end at one, or at the end of the disk. */
  private String compressed() {
    long cs = spec.clusterSizeBytes();
    int clusters = Math.toIntExact((virtualSizeBytes + cs - 1) / cs);
    int first = random.nextInt(3) == 0 ? clusters - 1 : random.nextInt(clusters);
    boolean risky = random.nextInt(8) == 0;
    if (!risky) {
      int free = touchedClusters.nextClearBit(first);
      first = free < clusters ? free : touchedClusters.nextClearBit(0);
    }
    if (first >= clusters) {
      return data(dataSpan());
    }
    int run = (int) Math.min(random.nextInt(1, 6), Math.max(1, MAX_WRITE_BYTES / cs));
    int last = Math.min(clusters - 1, first + run - 1);
    while (!risky
        && last > first
        && touchedClusters.nextSetBit(first) >= 0
        && touchedClusters.nextSetBit(first) <= last) {
      last--;
    }
    compressionMayBeRefused |= risky || clustersMayBeAllocated;
    touchedClusters.set(first, last + 1);
    compressedClusters.set(first, last + 1);
    long end = Math.min(virtualSizeBytes, (last + 1) * cs);
    features.add(
        spec.codec() == LayerSpec.Codec.ZSTD ? Feature.ZSTD_CLUSTERS : Feature.ZLIB_CLUSTERS);
    if (end % cs != 0) {
      features.add(Feature.COMPRESSED_TAIL);
    }
    return "write -c " + source() + new GuestRange.Span(first * cs, end);
  }

  private String source() {
    return random.nextInt(3) == 0
        ? "-P " + random.nextInt(1, 256) + " "
        : "-s " + patternFolder + "/" + PatternFiles.anyName(random) + " ";
  }

  private int clusterIndex(long guestOffset) {
    return Math.toIntExact(guestOffset >> spec.clusterBits());
  }
}
