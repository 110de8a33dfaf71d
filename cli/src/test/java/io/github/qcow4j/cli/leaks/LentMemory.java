package io.github.qcow4j.cli.leaks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * What {@code malloc} has lent to anybody in this process and not got back: libraries, arenas,
 * direct buffers, the virtual machine. To the byte, as the C library counts it, if it does: that of
 * GNU has {@code mallinfo2} since 2.33.
 */
final class LentMemory {

  /** mallinfo(3): ten numbers of the size of a {@code size_t}. */
  private static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("arena"),
          JAVA_LONG.withName("ordblks"),
          JAVA_LONG.withName("smblks"),
          JAVA_LONG.withName("hblks"),
          JAVA_LONG.withName("hblkhd"),
          JAVA_LONG.withName("usmblks"),
          JAVA_LONG.withName("fsmblks"),
          JAVA_LONG.withName("uordblks"),
          JAVA_LONG.withName("fordblks"),
          JAVA_LONG.withName("keepcost"));

  private static final long MAPPED_BYTES =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("hblkhd"));
  private static final long OTHER_BYTES =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("uordblks"));

  private static final Optional<MethodHandle> MALLINFO = find();

  private LentMemory() {}

  @SuppressWarnings("restricted") // a question to the C library
  private static Optional<MethodHandle> find() {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("mallinfo2")
        .map(symbol -> linker.downcallHandle(symbol, FunctionDescriptor.of(LAYOUT)));
  }

  static Optional<Long> bytes() {
    return MALLINFO.map(LentMemory::call);
  }

  private static long call(MethodHandle mallinfo) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = (MemorySegment) mallinfo.invokeExact((SegmentAllocator) arena);
      return info.get(JAVA_LONG, MAPPED_BYTES) + info.get(JAVA_LONG, OTHER_BYTES);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
