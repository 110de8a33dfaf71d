package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/** Damages an image at random so that the guest reads what it read before. */
final class Damage {

  private static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;
  private static final long COPIED = 1L << 63;
  private static final long COMPRESSED = 1L << 62;

  private final BlockFile file;
  private final Qcow2Header header;
  private final CounterCodec codec;
  private final Random random;

  private Damage(BlockFile file, Random random) throws IOException {
    this.file = file;
    this.header = HeaderParser.parse(file, true);
    this.codec = CounterCodec.ofOrder(header.refcountOrder());
    this.random = random;
  }

  static void doTo(Volume volume, Path image, Random random) throws IOException {
    try (BlockFile file = volume.open(image, OpenOptions.writing())) {
      Damage damage = new Damage(file, random);
      int count = 1 + random.nextInt(5);
      for (int i = 0; i < count; i++) {
        damage.doOne();
      }
    }
  }

  /** What is left of an image of version 3 whose writer postponed what it had to count. */
  static void leaveDirty(Volume volume, Path image, Random random) throws IOException {
    try (BlockFile file = volume.open(image, OpenOptions.writing())) {
      Damage damage = new Damage(file, random);
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        if (random.nextInt(3) == 0) {
          damage.leak();
        } else {
          damage.changeCounter();
        }
      }
      damage.setNumber(
          HeaderField.INCOMPATIBLE_FEATURES,
          damage.number(HeaderField.INCOMPATIBLE_FEATURES) | Feature.DIRTY.mask());
    }
  }

  /** Clusters that count as used and are not. */
  static void leakSome(Volume volume, Path image, Random random) throws IOException {
    try (BlockFile file = volume.open(image, OpenOptions.writing())) {
      Damage damage = new Damage(file, random);
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        damage.leak();
      }
    }
  }

  private void doOne() throws IOException {
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> changeCounter();
      case 3 -> leak();
      case 4, 5 -> flipCopiedFlag();
      case 6 -> loseBlock();
      default -> callItDamaged();
    }
  }

  private void changeCounter() throws IOException {
    long clusters = file.size() >>> header.clusterBits();
    long value = codec.bits() == 1 ? random.nextInt(2) : random.nextInt(4);
    setCounter(random.nextLong(clusters), value);
  }

  /** Lengthens the file by a cluster that counts as used. */
  private void leak() throws IOException {
    long cluster = ((file.size() - 1) >>> header.clusterBits()) + 1;
    file.truncate((cluster + 1) << header.clusterBits());
    setCounter(cluster, 1);
  }

  private void setCounter(long cluster, long value) throws IOException {
    int perBlock = codec.countersIn(header.clusterSize());
    long index = cluster / perBlock;
    if (index >= (long) header.refcountTableClusters() * header.clusterSize() / Long.BYTES) {
      return;
    }
    long blockOffset = number(header.refcountTableOffset() + index * Long.BYTES);
    if (blockOffset != 0 && blockOffset < file.size()) {
      byte[] block = new byte[header.clusterSize()];
      file.readPadded(ByteBuffer.wrap(block), blockOffset);
      codec.set(block, (int) (cluster % perBlock), value);
      file.write(ByteBuffer.wrap(block), blockOffset);
    }
  }

  private void flipCopiedFlag() throws IOException {
    long entryOffset = header.l1TableOffset() + (long) random.nextInt(header.l1Entries()) * 8;
    long entry = number(entryOffset);
    if ((entry & OFFSET_MASK) == 0) {
      return;
    }
    if (random.nextInt(3) > 0) {
      int index = random.nextInt(header.l2Entries());
      entryOffset = (entry & OFFSET_MASK) + (long) index * header.l2EntryBytes();
      entry = number(entryOffset);
      if ((entry & OFFSET_MASK) == 0 || (entry & COMPRESSED) != 0) {
        return;
      }
    }
    setNumber(entryOffset, entry ^ COPIED);
  }

  /** Loses a refcount block, or the table, or lets an entry lead nowhere. */
  private void loseBlock() throws IOException {
    long entryOffset = header.refcountTableOffset();
    switch (random.nextInt(4)) {
      case 0 -> setNumber(entryOffset, 0);
      case 1 -> setNumber(entryOffset, number(entryOffset) ^ 0x10);
      case 2 -> setNumber(entryOffset, 1L << 40);
      default -> setNumber(HeaderField.REFCOUNT_TABLE_OFFSET, 1L << 40);
    }
  }

  private void callItDamaged() throws IOException {
    if (header.version() >= 3) {
      setNumber(
          HeaderField.INCOMPATIBLE_FEATURES,
          number(HeaderField.INCOMPATIBLE_FEATURES) | (1 + random.nextInt(3)));
    }
  }

  private long number(long offset) throws IOException {
    ByteBuffer word = ByteBuffer.allocate(Long.BYTES);
    file.readPadded(word, offset);
    return word.getLong(0);
  }

  private void setNumber(long offset, long value) throws IOException {
    file.write(ByteBuffer.allocate(Long.BYTES).putLong(0, value), offset);
  }
}
