package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes all refcounts anew: blocks and table go to clusters that nothing uses, and only when they
 * are durable one write of the header makes them the valid ones. A power cut leaves the old
 * structure or the new one; the new one counts the old one too, so that it is leaked then and no
 * more. Used once, by one thread.
 */
final class RefcountRebuild {

  private final BlockFile file;
  private final Qcow2Header header;
  private final References references;
  private final StoredCounts stored;
  private final boolean trusted;
  private final MetadataPlaces places;
  private final CounterCodec codec;
  private final int blockEntries;
  private final Set<Long> taken = new HashSet<>();
  private long[] table = {};
  private long endCluster;
  private long firstFree;

  /**
   * @param walked what a walk over all tables counted
   * @param places where metadata are said to stand
   */
  RefcountRebuild(BlockFile file, Qcow2Header header, CheckRun walked, MetadataPlaces places) {
    this.file = file;
    this.header = header;
    this.references = walked.references();
    this.stored = walked.stored();
    this.trusted = walked.mappingsTrusted();
    this.places = places;
    this.codec = CounterCodec.ofOrder(header.refcountOrder());
    this.blockEntries = codec.countersIn(header.clusterSize());
    this.endCluster = references.clusterCount();
  }

  /** Writes the structure; it is the valid one, and durable, on return. */
  void run() throws IOException {
    firstFree = lowestFree();
    cover(0, endCluster);
    long tableCluster = placeTable();
    writeBlocks();
    ByteBuffer bytes = ByteBuffer.allocate((int) (tableClusters() * header.clusterSize()));
    bytes.asLongBuffer().put(table);
    file.write(bytes, tableCluster << header.clusterBits());
    file.sync();
    ByteBuffer fields = ByteBuffer.allocate(Long.BYTES + Integer.BYTES);
    fields.putLong(tableCluster << header.clusterBits()).putInt((int) tableClusters()).flip();
    file.write(fields, HeaderField.REFCOUNT_TABLE_OFFSET);
    file.sync();
  }

  /**
   * Where references may be hidden behind damage, only what lies behind the file is surely free.
   */
  private long lowestFree() {
    return trusted ? 0 : endCluster;
  }

  /** Finds a home for every block that counts a cluster in use from {@code first} on. */
  private void cover(long first, long end) throws IOException {
    long cluster = first;
    long until = end;
    while (cluster < until) {
      if (count(cluster) == 0) {
        cluster++;
        continue;
      }
      int index = (int) (cluster / blockEntries);
      if (index >= table.length || table[index] == 0) {
        long home = take(1, Math.max(firstFree, (long) index * blockEntries));
        firstFree = home;
        enlarge(index + 1);
        table[index] = home << header.clusterBits();
        until = Math.max(until, home + 1);
      }
      cluster = (long) (index + 1) * blockEntries;
    }
  }

  private void enlarge(int entries) throws LimitExceededException {
    if (entries <= table.length) {
      return;
    }
    int perCluster = header.clusterSize() / Long.BYTES;
    long rounded = ((long) entries + perCluster - 1) / perCluster * perCluster;
    if (rounded * Long.BYTES > FormatLimits.MAX_REFCOUNT_TABLE_BYTES) {
      throw new LimitExceededException(
          file.path(),
          "Reference count table too large",
          "Reference count table bytes",
          FormatLimits.MAX_REFCOUNT_TABLE_BYTES);
    }
    table = Arrays.copyOf(table, (int) rounded);
  }

  private long placeTable() throws IOException {
    while (true) {
      long clusters = tableClusters();
      long home = take(clusters, lowestFree());
      firstFree = lowestFree();
      cover(home, home + clusters);
      if (tableClusters() == clusters) {
        return home;
      }
      // Counting the table's own clusters made it longer.
      for (long cluster = home; cluster < home + clusters; cluster++) {
        taken.remove(cluster);
      }
    }
  }

  private long tableClusters() {
    return ((long) table.length * Long.BYTES) >>> header.clusterBits();
  }

  /** Takes the first run of free clusters at or behind {@code from}. */
  private long take(long clusters, long from) throws IOException {
    long first = from;
    long next = from;
    while (next - first < clusters) {
      if (isFree(next)) {
        next++;
      } else {
        next = behindUse(next);
        first = next;
      }
    }
    for (long cluster = first; cluster < next; cluster++) {
      taken.add(cluster);
    }
    endCluster = Math.max(endCluster, next);
    return first;
  }

  /** Behind a cluster in use, and behind all that is said to follow it past the end of the file. */
  private long behindUse(long cluster) {
    var pastEnd = references.pastEnd().floorEntry(cluster);
    return pastEnd == null ? cluster + 1 : Math.max(cluster + 1, pastEnd.getValue());
  }

  private boolean isFree(long cluster) throws IOException {
    var pastEnd = references.pastEnd().floorEntry(cluster);
    return count(cluster) == 0
        && (pastEnd == null || pastEnd.getValue() <= cluster)
        && !places.holdsOther(cluster << header.clusterBits());
  }

  /** What a cluster's counter is to say. */
  private long count(long cluster) throws IOException {
    if (taken.contains(cluster)) {
      return 1;
    }
    if (cluster >= references.clusterCount()) {
      return 0;
    }
    long counted = references.counts().get(cluster);
    return trusted ? counted : Math.max(counted, storedOrZero(cluster));
  }

  /** A block that has no place is the reason why all of them are written anew; no other is lost. */
  private long storedOrZero(long cluster) throws IOException {
    return stored.hasPlace(cluster) ? stored.refcountSilently(cluster) : 0;
  }

  private void writeBlocks() throws IOException {
    byte[] block = new byte[header.clusterSize()];
    for (int index = 0; index < table.length; index++) {
      if (table[index] == 0) {
        continue;
      }
      Arrays.fill(block, (byte) 0);
      long base = (long) index * blockEntries;
      long end = Math.min(endCluster, base + blockEntries);
      for (long cluster = base; cluster < end; cluster++) {
        long count = count(cluster);
        if (count != 0) {
          codec.set(block, (int) (cluster - base), count);
        }
      }
      file.write(ByteBuffer.wrap(block), table[index]);
    }
  }
}
