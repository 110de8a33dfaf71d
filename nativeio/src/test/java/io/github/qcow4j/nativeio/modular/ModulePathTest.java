package io.github.qcow4j.nativeio.modular;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.JavaProcess;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Which provider is taken where modules are, and native access is given to some of them. */
final class ModulePathTest {

  private static final String OUR_MODULE = "module io.github.qcow4j.nativeio, ";

  /** All: jnr-ffi says nowhere which modules it stands on. */
  private static final String WITH_JNR = "--add-modules=ALL-MODULE-PATH";

  @Test
  void withNativeAccessOfItsOwnTheModuleTakesTheForeignLinker() throws Exception {
    assertThat(run("--enable-native-access=io.github.qcow4j.nativeio"))
        .isEqualTo(OUR_MODULE + "panama: the first choice, and it works here\n");
  }

  @Test
  void whereOnlyJnrMayCallNativeCodeItIsTaken() throws Exception {
    assertThat(run(WITH_JNR, "--enable-native-access=org.jnrproject.jffi"))
        .startsWith(
            OUR_MODULE + "jnr: panama does not work here: Illegal native access from module");
  }

  @Test
  void whereNobodyMayThePortableOneIsTaken() throws Exception {
    assertThat(run(WITH_JNR))
        .startsWith(OUR_MODULE + "portable: panama does not work here: Illegal native access from")
        .contains("; jnr does not work here: java.lang.IllegalCallerException: Illegal native")
        .hasLineCount(1);
  }

  @Test
  void whereJnrIsNotThereThePortableOneSaysSo() throws Exception {
    assertThat(run())
        .startsWith(OUR_MODULE + "portable: ")
        .endsWith("; jnr does not work here: jnr-ffi, an optional library, is not there\n");
  }

  /** With the module, and jnr-ffi where wanted, on the module path, and this class beside them. */
  private static String run(String... options) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("--illegal-native-access=deny"));
    all.addAll(List.of(options));
    boolean withJnr = all.contains(WITH_JNR);
    all.add("--add-modules=io.github.qcow4j.nativeio");
    all.addAll(List.of("--module-path", path(name -> isModule(name) || (withJnr && isJnr(name)))));
    ProcessBuilder builder = JavaProcess.builder(all, ProviderProbe.class);
    List<String> command = builder.command();
    command.set(command.indexOf("-cp") + 1, path(name -> !isModule(name) && !isJnr(name)));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    return output;
  }

  /** The elements of this process's class path that have such names. */
  private static String path(Predicate<String> wanted) {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(classPath.split(File.pathSeparator, -1))
        .filter(element -> wanted.test(String.valueOf(Path.of(element).getFileName())))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static boolean isModule(String name) {
    return name.equals("classes");
  }

  private static boolean isJnr(String name) {
    return name.startsWith("jnr-") || name.startsWith("jffi-") || name.startsWith("asm-");
  }
}
