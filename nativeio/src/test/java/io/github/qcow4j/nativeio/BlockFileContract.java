package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link BlockFile} does, whatever the provider and the file system. One class, though
 * long: the contract of one interface, a few lines a sentence.
 */
public abstract class BlockFileContract {

  private static final int MIB = 1 << 20;
  private static final long GIB = 1L << 30;

  protected Volume volume;
  protected Path path;
  protected BlockFile file;

  /** A ground for one test. */
  protected abstract Ground ground() throws IOException;

  @BeforeEach
  void createFile() throws IOException {
    Ground ground = ground();
    volume = ground.volume();
    path = ground.directory().resolve("file");
    file = volume.open(path, OpenOptions.creatingNew());
  }

  @AfterEach
  void closeFile() throws IOException {
    if (file != null) {
      file.close();
    }
  }

  protected boolean can(Capability capability) {
    return volume.provider().capabilities().contains(capability);
  }

  @Test
  void aNewFileIsEmpty() throws IOException {
    assertThat(file.size()).isZero();
    assertThat(file.allocatedSize()).isZero();
    assertThat(file.kind()).isEqualTo(FileKind.REGULAR);
    assertThat(file.writable()).isTrue();
    assertThat(file.path()).isEqualTo(path);
    assertThat(file.nextData(0)).isEqualTo(-1);
    assertThat(file.nextHole(0)).isEqualTo(-1);
    assertThat(Bytes.read(file, 0, 10)).isEmpty();
  }

  @Test
  void whatWasWrittenIsRead() throws IOException {
    byte[] bytes = Bytes.random(10_000, 1);
    Bytes.write(file, bytes, 12_345);

    assertThat(file.size()).isEqualTo(22_345);
    assertThat(Bytes.read(file, 12_345, 10_000)).isEqualTo(bytes);
    assertThat(Bytes.read(file, 0, 12_345)).containsOnly(0);
  }

  @Test
  void everyKindOfBufferIsRespected() throws IOException {
    byte[] bytes = Bytes.random(1000, 2);
    ByteBuffer direct = ByteBuffer.allocateDirect(1000).put(bytes).flip();
    for (ByteBuffer source :
        new ByteBuffer[] {
          ByteBuffer.wrap(bytes),
          ByteBuffer.wrap(bytes).asReadOnlyBuffer(),
          direct,
          direct.asReadOnlyBuffer(),
        }) {
      source.position(100).limit(300);
      file.truncate(0);
      file.write(source, 7);

      assertThat(source.position()).isEqualTo(300);
      assertThat(file.size()).isEqualTo(207);
    }
    for (ByteBuffer target :
        new ByteBuffer[] {ByteBuffer.allocate(1000), ByteBuffer.allocateDirect(1000)}) {
      target.position(50).limit(400);

      assertThat(file.read(target, 7)).isEqualTo(200);
      assertThat(target.position()).isEqualTo(250);
      byte[] read = new byte[1000];
      target.clear().get(read);
      assertThat(Arrays.copyOfRange(read, 50, 250)).isEqualTo(Arrays.copyOfRange(bytes, 100, 300));
      assertThat(Arrays.copyOfRange(read, 0, 50)).containsOnly(0);
      assertThat(Arrays.copyOfRange(read, 250, 1000)).containsOnly(0);
    }
  }

  @Test
  void transfersLargerThanAnyInnerBufferAreWhole() throws IOException {
    byte[] bytes = Bytes.random(3 * MIB + 17, 3);
    Bytes.write(file, bytes, 5);

    assertThat(Bytes.read(file, 5, bytes.length)).isEqualTo(bytes);
    assertThat(Bytes.read(file, 4, bytes.length + 100)).hasSize(bytes.length + 1);
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 10);
    assertThat(file.read(direct, 5)).isEqualTo(bytes.length);
  }

  @Test
  void aReadEndsWhereTheFileEnds() throws IOException {
    Bytes.write(file, Bytes.random(100, 4), 0);

    assertThat(file.read(ByteBuffer.allocate(50), 80)).isEqualTo(20);
    assertThat(file.read(ByteBuffer.allocate(50), 100)).isZero();
    assertThat(file.read(ByteBuffer.allocate(50), 10 * GIB)).isZero();
    assertThat(file.read(ByteBuffer.allocate(0), 0)).isZero();
  }

  @Test
  void aPaddedReadFillsWithZerosPastTheEnd() throws IOException {
    Bytes.write(file, Bytes.random(100, 5), 0);
    ByteBuffer target = ByteBuffer.wrap(Bytes.random(50, 6));

    file.readPadded(target, 80);

    assertThat(target.hasRemaining()).isFalse();
    assertThat(Arrays.copyOfRange(target.array(), 20, 50)).containsOnly(0);
    assertThat(target.array()[19]).isNotZero();
  }

  @Test
  void positionsFarBeyondFourGibibytesAreExact() throws IOException {
    byte[] bytes = Bytes.random(4096, 7);
    Bytes.write(file, bytes, 6 * GIB - 1);

    assertThat(file.size()).isEqualTo(6 * GIB + 4095);
    assertThat(Bytes.read(file, 6 * GIB - 1, 4096)).isEqualTo(bytes);
    assertThat(Bytes.read(file, 2 * GIB - 1, 4096)).containsOnly(0);
    assertThat(file.nextData(6 * GIB)).isEqualTo(6 * GIB);
    assertThat(file.nextHole(6 * GIB)).isEqualTo(6 * GIB + 4095);
    if (can(Capability.SEEK_DATA)) {
      assertThat(file.nextHole(0)).isZero();
      assertThat(file.nextData(0)).isBetween(5 * GIB, 6 * GIB - 1);
    }
    file.truncate(7 * GIB);
    assertThat(file.size()).isEqualTo(7 * GIB);
  }

  @Test
  void aShortenedFileDoesNotShowItsOldBytesWhenLengthened() throws IOException {
    Bytes.write(file, Bytes.random(10_000, 8), 0);

    file.truncate(1000);
    assertThat(file.size()).isEqualTo(1000);
    file.truncate(10_000);

    assertThat(file.size()).isEqualTo(10_000);
    assertThat(Bytes.read(file, 0, 1000)).isEqualTo(Arrays.copyOf(Bytes.random(10_000, 8), 1000));
    assertThat(Bytes.read(file, 1000, 9000)).containsOnly(0).hasSize(9000);
  }

  @Test
  void dataAndHolesTakeTurnsAndMissNothingWritten() throws IOException {
    file.truncate(8 * MIB);
    Bytes.write(file, Bytes.random(MIB, 9), MIB);
    Bytes.write(file, Bytes.random(MIB, 10), 5 * MIB);

    long at = 0;
    boolean[] data = new boolean[8];
    while (at >= 0 && at < file.size()) {
      long start = file.nextData(at);
      if (start < 0) {
        break;
      }
      long end = file.nextHole(start);
      assertThat(start).isGreaterThanOrEqualTo(at);
      assertThat(end).isGreaterThan(start);
      for (long each = start / MIB; each * MIB < end; each++) {
        data[(int) each] = true;
      }
      at = end;
    }

    assertThat(data[1]).isTrue();
    assertThat(data[5]).isTrue();
    if (can(Capability.SEEK_DATA)) {
      assertThat(data)
          .isEqualTo(new boolean[] {false, true, false, false, false, true, false, false});
    }
    assertThat(file.nextData(8 * MIB)).isEqualTo(-1);
    assertThat(file.nextHole(8 * MIB)).isEqualTo(-1);
    assertThat(file.nextHole(8 * MIB - 1)).isBetween(8L * MIB - 1, 8L * MIB);
  }

  @Test
  void aPunchedHoleReadsAsZerosOrNothingHasChanged() throws IOException {
    byte[] bytes = Bytes.random(MIB, 11);
    Bytes.write(file, bytes, 0);

    boolean punched = file.punchHole(1000, 500_000);

    byte[] expected = bytes.clone();
    if (punched) {
      Arrays.fill(expected, 1000, 501_000, (byte) 0);
    } else {
      assertThat(can(Capability.FALLOCATE)).isFalse();
    }
    assertThat(file.size()).isEqualTo(MIB);
    assertThat(Bytes.read(file, 0, MIB)).isEqualTo(expected);
    assertThat(file.punchHole(0, 0)).isTrue();
  }

  @Test
  void zeroedRangesReadAsZerosAndTheRestStays() throws IOException {
    for (boolean mayPunch : new boolean[] {false, true}) {
      byte[] bytes = Bytes.random(MIB, 12);
      file.truncate(0);
      Bytes.write(file, bytes, 0);

      ZeroMethod method = file.writeZeroes(3000, 100_000, mayPunch);

      Arrays.fill(bytes, 3000, 103_000, (byte) 0);
      assertThat(Bytes.read(file, 0, MIB)).isEqualTo(bytes);
      assertThat(file.size()).isEqualTo(MIB);
      if (!mayPunch) {
        assertThat(method).isNotEqualTo(ZeroMethod.HOLE);
      }
    }
  }

  @Test
  void zerosAcrossAndPastTheEndLengthenTheFile() throws IOException {
    for (boolean mayPunch : new boolean[] {false, true}) {
      byte[] bytes = Bytes.random(10_000, 13);
      file.truncate(0);
      Bytes.write(file, bytes, 0);

      file.writeZeroes(9000, 5000, mayPunch);
      assertThat(file.size()).isEqualTo(14_000);
      assertThat(Bytes.read(file, 9000, 5000)).hasSize(5000).containsOnly(0);
      assertThat(Bytes.read(file, 0, 9000)).isEqualTo(Arrays.copyOf(bytes, 9000));

      file.writeZeroes(200_000, 3001, mayPunch);
      assertThat(file.size()).isEqualTo(203_001);
      assertThat(Bytes.read(file, 14_000, 189_001)).hasSize(189_001).containsOnly(0);

      file.writeZeroes(300_000, 0, mayPunch);
      assertThat(file.size()).isEqualTo(203_001);
    }
  }

  @Test
  void reservedStorageChangesNoByte() throws IOException {
    byte[] bytes = Bytes.random(10_000, 14);
    Bytes.write(file, bytes, 0);

    boolean reserved = file.preallocate(5000, 100_000);

    assertThat(file.size()).isEqualTo(reserved ? 105_000 : 10_000);
    assertThat(Bytes.read(file, 0, 10_000)).isEqualTo(bytes);
    assertThat(Bytes.read(file, 10_000, 95_000)).hasSize(reserved ? 95_000 : 0);
    if (reserved) {
      assertThat(Bytes.read(file, 10_000, 95_000)).containsOnly(0);
      if (can(Capability.ALLOCATED_SIZE)) {
        assertThat(file.allocatedSize()).isGreaterThanOrEqualTo(105_000);
      }
    }
  }

  @Test
  void storageReservedPastTheEndLeavesTheLength() throws IOException {
    byte[] bytes = Bytes.random(10_000, 14);
    Bytes.write(file, bytes, 0);

    boolean reserved = file.reserve(5000, 100_000);

    assertThat(reserved).isEqualTo(file.preallocate(0, 10_000));
    assertThat(file.size()).isEqualTo(10_000);
    assertThat(Bytes.read(file, 0, 200_000)).isEqualTo(bytes);
    assertThat(file.nextData(10_000)).isEqualTo(-1);
    if (reserved && can(Capability.ALLOCATED_SIZE)) {
      assertThat(file.allocatedSize()).isGreaterThanOrEqualTo(105_000);
    }
    Bytes.write(file, bytes, 50_000);
    assertThat(Bytes.read(file, 0, 10_000)).isEqualTo(bytes);
    assertThat(Bytes.read(file, 10_000, 40_000)).hasSize(40_000).containsOnly(0);
    assertThat(Bytes.read(file, 50_000, 200_000)).isEqualTo(bytes);
    file.truncate(1000);
    assertThat(file.reserve(0, 0)).isTrue();
    assertThat(file.size()).isEqualTo(1000);
  }

  @Test
  void syncsReturn() throws IOException {
    Bytes.write(file, Bytes.random(10_000, 15), 0);
    file.sync();
    file.syncAll();
    volume.syncDirectory(path.getParent());

    assertThat(file.size()).isEqualTo(10_000);
  }

  @Test
  void startingWritebackChangesNothing() throws IOException {
    byte[] content = Bytes.random(300_000, 21);
    Bytes.write(file, content, 0);
    boolean asked = file.startWriteback(4096, 100_000);

    assertThat(file.startWriteback(0, Long.MAX_VALUE)).isEqualTo(asked);
    assertThat(file.startWriteback(1_000_000, 0)).isEqualTo(asked);
    assertThat(file.size()).isEqualTo(300_000);
    assertThat(Bytes.read(file, 0, 300_000)).isEqualTo(content);
  }

  @Test
  void aFileOpenedForReadingCannotBeChanged() throws IOException {
    Bytes.write(file, Bytes.random(100, 16), 0);
    try (BlockFile reader = volume.open(path, OpenOptions.reading())) {
      assertThat(reader.writable()).isFalse();
      assertThatThrownBy(() -> Bytes.write(reader, new byte[1], 0))
          .isInstanceOfSatisfying(
              SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(9))
          .hasMessage(path + ": Bad file descriptor");
      assertThatThrownBy(() -> reader.truncate(0)).isInstanceOf(SystemCallException.class);
      assertThatThrownBy(() -> reader.writeZeroes(0, 10, true))
          .isInstanceOf(SystemCallException.class);
      assertThatThrownBy(() -> reader.punchHole(0, 10)).isInstanceOf(SystemCallException.class);
      assertThatThrownBy(() -> reader.preallocate(0, 10)).isInstanceOf(SystemCallException.class);
      assertThatThrownBy(() -> reader.reserve(0, 10)).isInstanceOf(SystemCallException.class);
      reader.sync();
      assertThat(reader.size()).isEqualTo(100);
    }
  }

  @Test
  void twoOpeningsOfOneFileSeeEachOthersBytes() throws IOException {
    try (BlockFile other = volume.open(path, OpenOptions.writing())) {
      assertThat(other.identity()).isEqualTo(file.identity());
      byte[] bytes = Bytes.random(5000, 17);
      Bytes.write(file, bytes, 0);
      assertThat(Bytes.read(other, 0, 5000)).isEqualTo(bytes);
      other.truncate(100);
      assertThat(file.size()).isEqualTo(100);
    }
  }

  @Test
  void anOpenFileOutlivesItsName() throws IOException {
    byte[] bytes = Bytes.random(5000, 18);
    Bytes.write(file, bytes, 0);

    volume.unlink(path);
    try (BlockFile successor = volume.open(path, OpenOptions.creatingNew())) {
      assertThat(successor.identity()).isNotEqualTo(file.identity());
      assertThat(successor.size()).isZero();
      assertThat(Bytes.read(file, 0, 5000)).isEqualTo(bytes);
    }
  }

  @Test
  void nothingWorksAfterClosingButClosing() throws IOException {
    file.close();
    file.close();

    assertThatThrownBy(() -> file.read(ByteBuffer.allocate(1), 0))
        .isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> Bytes.write(file, new byte[1], 0))
        .isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(file::size).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(file::allocatedSize).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(file::sync).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(file::syncAll).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.nextData(0)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.nextHole(0)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.punchHole(0, 1)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.preallocate(0, 1)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.reserve(0, 1)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.writeZeroes(0, 1, true))
        .isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.tryLock(0, 1, LockMode.SHARED))
        .isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.unlock(0, 1)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.lockedByOther(0, 1, LockMode.SHARED))
        .isInstanceOf(ClosedChannelException.class);
  }

  @Test
  void argumentsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> file.read(ByteBuffer.allocate(1), -1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> file.write(ByteBuffer.allocate(1), -1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> file.truncate(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> file.punchHole(1, Long.MAX_VALUE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> file.tryLock(0, 0, LockMode.SHARED))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> file.read(ByteBuffer.allocate(1).asReadOnlyBuffer(), 0))
        .isInstanceOf(ReadOnlyBufferException.class);
  }

  @Test
  void twoSharersExcludeAWriterAndAWriterExcludesAll() throws IOException {
    try (BlockFile other = volume.open(path, OpenOptions.writing());
        BlockFile third = volume.open(path, OpenOptions.reading())) {
      assertThat(file.tryLock(100, 1, LockMode.SHARED)).isTrue();
      assertThat(other.tryLock(100, 1, LockMode.SHARED)).isTrue();
      assertThat(third.tryLock(100, 1, LockMode.SHARED)).isTrue();
      assertThat(other.tryLock(100, 1, LockMode.EXCLUSIVE)).isFalse();
      file.unlock(100, 1);
      third.unlock(100, 1);
      assertThat(other.tryLock(100, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(file.tryLock(100, 1, LockMode.SHARED)).isFalse();
      assertThat(file.tryLock(101, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(other.tryLock(100, 1, LockMode.SHARED)).isTrue();
      assertThat(file.tryLock(100, 1, LockMode.SHARED)).isTrue();
    }
  }

  @Test
  void aRefusedConversionKeepsWhatWasHeld() throws IOException {
    try (BlockFile other = volume.open(path, OpenOptions.writing())) {
      assertThat(file.tryLock(0, 10, LockMode.SHARED)).isTrue();
      assertThat(other.tryLock(5, 1, LockMode.SHARED)).isTrue();
      assertThat(file.tryLock(0, 10, LockMode.EXCLUSIVE)).isFalse();

      assertThat(other.tryLock(2, 1, LockMode.EXCLUSIVE)).isFalse();
      assertThat(other.tryLock(2, 1, LockMode.SHARED)).isTrue();
    }
  }

  @Test
  void aPartOfALockedRangeCanBeReleased() throws IOException {
    try (BlockFile other = volume.open(path, OpenOptions.writing())) {
      assertThat(file.tryLock(0, 100, LockMode.EXCLUSIVE)).isTrue();
      file.unlock(40, 20);

      assertThat(other.tryLock(40, 20, LockMode.EXCLUSIVE)).isTrue();
      assertThat(other.tryLock(39, 1, LockMode.SHARED)).isFalse();
      assertThat(other.tryLock(60, 1, LockMode.SHARED)).isFalse();
      other.unlock(0, 1000);
      assertThat(file.tryLock(0, 100, LockMode.SHARED)).isTrue();
      file.unlock(500, 100);
    }
  }

  @Test
  void askingAboutALockTakesNothingAndLeavesOwnLocksOut() throws IOException {
    try (BlockFile other = volume.open(path, OpenOptions.writing());
        BlockFile reader = volume.open(path, OpenOptions.reading())) {
      assertThat(file.tryLock(100, 2, LockMode.SHARED)).isTrue();

      assertThat(file.lockedByOther(100, 2, LockMode.EXCLUSIVE)).isFalse();
      assertThat(other.lockedByOther(100, 2, LockMode.SHARED)).isFalse();
      assertThat(other.lockedByOther(101, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(reader.lockedByOther(0, 200, LockMode.EXCLUSIVE)).isTrue();
      assertThat(reader.lockedByOther(102, 98, LockMode.EXCLUSIVE)).isFalse();
      assertThat(other.tryLock(100, 2, LockMode.SHARED)).isTrue();
      assertThat(file.lockedByOther(100, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(other.tryLock(100, 2, LockMode.EXCLUSIVE)).isFalse();
    }
  }

  @Test
  void closingReleasesItsOwnLocksAndNoOthers() throws IOException {
    BlockFile other = volume.open(path, OpenOptions.writing());
    BlockFile reader = volume.open(path, OpenOptions.reading());
    assertThat(file.tryLock(0, 1, LockMode.EXCLUSIVE)).isTrue();
    assertThat(other.tryLock(1, 1, LockMode.EXCLUSIVE)).isTrue();

    reader.close();
    volume.open(path, OpenOptions.reading()).close();
    assertThat(other.tryLock(0, 1, LockMode.SHARED)).isFalse();

    other.close();
    assertThat(file.tryLock(1, 1, LockMode.EXCLUSIVE)).isTrue();
  }

  @Test
  void anExclusiveLockNeedsAFileOpenedForWriting() throws IOException {
    try (BlockFile reader = volume.open(path, OpenOptions.reading())) {
      assertThatThrownBy(() -> reader.tryLock(0, 1, LockMode.EXCLUSIVE))
          .isInstanceOfSatisfying(
              SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(9));
      assertThat(reader.tryLock(0, 1, LockMode.SHARED)).isTrue();
    }
  }

  @Test
  void locksReachPastTheEndOfTheFileToTheLastByte() throws IOException {
    try (BlockFile other = volume.open(path, OpenOptions.writing())) {
      assertThat(file.tryLock(0, Long.MAX_VALUE, LockMode.EXCLUSIVE)).isTrue();
      assertThat(other.tryLock(1L << 62, 1, LockMode.SHARED)).isFalse();
      assertThat(other.lockedByOther(0, Long.MAX_VALUE, LockMode.SHARED)).isTrue();
    }
  }

  private BlockFile makeOther(byte[] content) throws IOException {
    BlockFile other = volume.open(path.resolveSibling("other"), OpenOptions.creatingIfMissing());
    other.truncate(0);
    Bytes.write(other, content, 0);
    return other;
  }

  @Test
  void aWholeFileIsSharedOrNothingHasChanged() throws IOException {
    for (int length : new int[] {MIB, MIB + 100}) {
      for (int lengthBefore : new int[] {0, 5000, 2 * MIB}) {
        byte[] content = Bytes.random(length, 20);
        byte[] before = Bytes.random(lengthBefore, 21);
        file.truncate(0);
        Bytes.write(file, before, 0);
        try (BlockFile source = makeOther(content)) {
          boolean shared = file.cloneFrom(source);
          if (!can(Capability.CLONE_RANGE)) {
            assertThat(shared).isFalse();
          }
          assertThat(Bytes.read(file, 0, 3 * MIB)).isEqualTo(shared ? content : before);
        }
      }
    }
  }

  @Test
  void aRangeIsSharedOrNothingHasChanged() throws IOException {
    byte[] content = Bytes.random(MIB, 22);
    byte[] expected = Bytes.random(MIB, 23);
    Bytes.write(file, expected, 0);
    try (BlockFile source = makeOther(content)) {
      if (file.cloneRange(source, 65536, 131072, 262144)) {
        System.arraycopy(content, 65536, expected, 131072, 262144);
      }
      assertThat(Bytes.read(file, 0, 2 * MIB)).isEqualTo(expected);
      assertThat(file.cloneRange(source, 1, 0, 4096)).isFalse();
      assertThat(Bytes.read(file, 0, 2 * MIB)).isEqualTo(expected);
      Bytes.write(source, new byte[MIB], 0);
      assertThat(Bytes.read(file, 0, 2 * MIB)).isEqualTo(expected);
    }
  }

  @Test
  void aCopiedRangeIsWholeWhicheverWayItWent() throws IOException {
    byte[] content = Bytes.random(3 * MIB, 24);
    try (BlockFile source = makeOther(content)) {
      for (long[] each :
          new long[][] {
            {0, 0, 3 * MIB},
            {100, 100, 2 * MIB},
            {4096, 8192, 65536},
            {5, 77, MIB},
            {8192, 4095, 10},
            {0, 0, 0},
            {MIB - 1, 2 * MIB - 1, MIB + 2}
          }) {
        byte[] before = Bytes.random(4 * MIB, 25);
        Bytes.write(file, before, 0);

        CopyResult result = file.copyRange(source, each[0], each[1], each[2]);

        System.arraycopy(content, (int) each[0], before, (int) each[1], (int) each[2]);
        assertThat(result.totalBytes()).isEqualTo(each[2]);
        assertThat(Bytes.read(file, 0, 5 * MIB)).isEqualTo(before);
        for (CopyMethod method : CopyMethod.values()) {
          assertThat(result.bytes(method)).isNotNegative();
        }
        if (!can(Capability.CLONE_RANGE)) {
          assertThat(result.reflinkBytes()).isZero();
        }
        if (!can(Capability.KERNEL_COPY)) {
          assertThat(result.kernelCopyBytes()).isZero();
        }
      }
    }
  }

  @Test
  void aCopyEndsWhereItsSourceEnds() throws IOException {
    byte[] content = Bytes.random(100_000, 26);
    try (BlockFile source = makeOther(content)) {
      assertThat(file.copyRange(source, 0, 4096, MIB).totalBytes()).isEqualTo(100_000);
      assertThat(file.size()).isEqualTo(104_096);
      assertThat(Bytes.read(file, 4096, MIB)).isEqualTo(content);
      assertThat(file.copyRange(source, 100_000, 0, 10).totalBytes()).isZero();
      assertThat(file.copyRange(source, MIB, 0, 10).totalBytes()).isZero();
    }
  }

  @Test
  void aRangeIsCopiedOnlyInTheWaysAskedFor() throws IOException {
    byte[] content = Bytes.random(MIB, 31);
    byte[] before = Bytes.random(2 * MIB, 32);
    List<Set<CopyMethod>> asked =
        List.of(
            Set.of(),
            Set.of(CopyMethod.REFLINK),
            Set.of(CopyMethod.KERNEL_COPY),
            Set.of(CopyMethod.USER_COPY),
            Set.of(CopyMethod.REFLINK, CopyMethod.KERNEL_COPY),
            Set.of(CopyMethod.KERNEL_COPY, CopyMethod.USER_COPY),
            Set.of(CopyMethod.REFLINK, CopyMethod.USER_COPY));
    try (BlockFile source = makeOther(content)) {
      for (Set<CopyMethod> ways : asked) {
        for (int sourceOffset : new int[] {0, 4096, 100}) {
          byte[] expected = before.clone();
          Bytes.write(file, expected, 0);

          CopyResult result = file.copyRange(source, sourceOffset, 8192, 512 << 10, ways);

          int done = (int) result.totalBytes();
          System.arraycopy(content, sourceOffset, expected, 8192, done);
          assertThat(Bytes.read(file, 0, 3 * MIB)).as(ways.toString()).isEqualTo(expected);
          for (CopyMethod method : CopyMethod.values()) {
            assertThat(ways.contains(method) || result.bytes(method) == 0).isTrue();
          }
          if (ways.contains(CopyMethod.USER_COPY)) {
            assertThat(done).isEqualTo(512 << 10);
          }
          boolean sharing = file.canShareWith(source);
          if (ways.contains(CopyMethod.REFLINK) && sourceOffset % 4096 == 0) {
            assertThat(result.reflinkBytes()).isEqualTo(sharing ? 512 << 10 : 0);
          }
          if (sharing && !ways.contains(CopyMethod.REFLINK)) {
            assertThat(result.kernelCopyBytes()).as("storage of its own").isZero();
          }
        }
      }
    }
  }

  @Test
  void askingWhetherFilesCanShareChangesNothing() throws IOException {
    byte[] content = Bytes.random(MIB, 33);
    byte[] other = Bytes.random(MIB, 34);
    Bytes.write(file, content, 0);
    try (BlockFile source = makeOther(other)) {
      boolean answer = file.canShareWith(source);

      assertThat(file.cloneRange(source, 0, 0, 8192)).isEqualTo(answer);
      if (answer) {
        System.arraycopy(other, 0, content, 0, 8192);
      }
      assertThat(file.canShareWith(source)).isEqualTo(answer);
      assertThat(Bytes.read(file, 0, 2 * MIB)).isEqualTo(content);
      assertThat(Bytes.read(source, 0, 2 * MIB)).isEqualTo(other);
    }
  }

  @Test
  void aRangeCanBeCopiedInsideOneFile() throws IOException {
    byte[] content = Bytes.random(MIB, 27);
    Bytes.write(file, content, 0);
    file.copyRange(file, 0, 2 * MIB, MIB);
    assertThat(Bytes.read(file, 2 * MIB, MIB)).isEqualTo(content);
    assertThat(file.size()).isEqualTo(3 * MIB);
  }

  @Test
  void copyingNeedsBothFilesOpenAndTheTargetWritable() throws IOException {
    Bytes.write(file, Bytes.random(MIB, 28), 0);
    BlockFile source = makeOther(Bytes.random(MIB, 29));
    try (BlockFile reader = volume.open(path, OpenOptions.reading())) {
      assertThatThrownBy(() -> reader.copyRange(source, 0, 0, 8192))
          .isInstanceOf(SystemCallException.class);
    }
    source.close();
    assertThatThrownBy(() -> file.copyRange(source, 0, 0, 8192))
        .isInstanceOf(ClosedChannelException.class);
    assertThat(Bytes.read(file, 0, 2 * MIB)).isEqualTo(Bytes.random(MIB, 28));
  }

  @Test
  void adviceChangesNothing() throws IOException {
    byte[] content = Bytes.random(MIB, 30);
    Bytes.write(file, content, 0);
    for (AccessPattern pattern : AccessPattern.values()) {
      file.advise(pattern, 0, 0);
      file.advise(pattern, 4096, 100_000);
    }
    assertThat(Bytes.read(file, 0, MIB)).isEqualTo(content);
    assertThat(file.alignment()).isEqualTo(1);
  }

  @Test
  void directAccessWorksAlignedWhereTheFileSystemHasIt() throws IOException {
    byte[] content = Bytes.random(MIB + 4096, 31);
    BlockFile direct;
    try {
      direct = volume.open(path, OpenOptions.writing().withDirectIo(true));
    } catch (SystemCallException e) {
      assertThat(e.errno()).isEqualTo(Errno.EINVAL.number());
      return;
    }
    try (direct) {
      assertThat(4096 % direct.alignment()).isZero();
      Bytes.write(direct, content, 8192);
      assertThat(Bytes.read(direct, 8192, content.length)).isEqualTo(content);
      file.truncate(10_000);
      assertThat(Bytes.read(direct, 8192, 4096)).isEqualTo(Arrays.copyOf(content, 1808));
      assertThat(Bytes.read(direct, 16384, 4096)).isEmpty();
      assertThat(direct.writeZeroes(0, 65536, false)).isNotEqualTo(ZeroMethod.HOLE);
      assertThat(Bytes.read(direct, 0, 131072)).hasSize(65536).containsOnly(0);
      direct.writeZeroes(131072, 65536, true);
      assertThat(direct.size()).isEqualTo(196608);
    }
  }
}
