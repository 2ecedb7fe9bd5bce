import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;
import org.openmuc.j60870.ASdu;
import org.openmuc.j60870.ASduType;
import org.openmuc.j60870.CauseOfTransmission;
import org.openmuc.j60870.ClientConnectionBuilder;
import org.openmuc.j60870.Connection;
import org.openmuc.j60870.ConnectionEventListener;
import org.openmuc.j60870.Server;
import org.openmuc.j60870.ServerEventListener;
import org.openmuc.j60870.ie.IeBinaryCounterReading;
import org.openmuc.j60870.ie.IeBinaryStateInformation;
import org.openmuc.j60870.ie.IeDoublePointWithQuality;
import org.openmuc.j60870.ie.IeNormalizedValue;
import org.openmuc.j60870.ie.IeQualifierOfInterrogation;
import org.openmuc.j60870.ie.IeQuality;
import org.openmuc.j60870.ie.IeQualifierOfResetProcessCommand;
import org.openmuc.j60870.ie.IeQualifierOfSetPointCommand;
import org.openmuc.j60870.ie.IeScaledValue;
import org.openmuc.j60870.ie.IeShortFloat;
import org.openmuc.j60870.ie.IeSingleCommand;
import org.openmuc.j60870.ie.IeSinglePointWithQuality;
import org.openmuc.j60870.ie.IeTime56;
import org.openmuc.j60870.ie.IeValueWithTransientState;
import org.openmuc.j60870.ie.InformationElement;
import org.openmuc.j60870.ie.InformationObject;

/**
 * A controlling station (master) built on OpenMUC's j60870. The test drives it the way peers/jsonlines.py describes; the
 * JSON it reads is flat. Run as a single source file: java -cp j60870.jar J60870Master.java
 *
 * It can be a controlled station (RTU), too, for one connection: `listen`, then `event` sends a scaled value. It confirms commands.
 *
 * Events: asdu {type, cot, negative, oa, ca, objects: [{ioa, values}]}; closed {reason}; of an RTU also accepted.
 */
public class J60870Master {
  private static final Pattern FIELD = Pattern.compile("\"(\\w+)\":(?:\"([^\"]*)\"|([^,}]+))");
  private static Connection connection;

  public static void main(String[] arguments) throws IOException {
    write("{\"ev\":\"ready\"}");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Map<String, String> message = new HashMap<>();
      for (Matcher field = FIELD.matcher(line); field.find(); ) {
        message.put(field.group(1), field.group(2) != null ? field.group(2) : field.group(3));
      }
      String id = message.get("id");
      try {
        execute(message.get("do"), message);
        write("{\"re\":" + id + ",\"result\":true}");
      } catch (Exception e) {
        write("{\"re\":" + id + ",\"error\":" + quoted(e.toString()) + "}");
      }
    }
    Runtime.getRuntime().halt(0);
  }

  private static void execute(String name, Map<String, String> message) throws IOException, GeneralSecurityException {
    switch (name) {
      case "connect":
        ClientConnectionBuilder builder =
            new ClientConnectionBuilder(message.get("host")).setPort(number(message, "port"));
        if (message.containsKey("from")) {
          builder.setLocalAddress(InetAddress.getByName(message.get("from")), 0);
        }
        if (message.containsKey("tls")) {
          builder.setSocketFactory(tls(Path.of(message.get("tls")), message.get("version")).getSocketFactory());
        }
        connection = builder.build();
        connection.setOriginatorAddress(message.containsKey("oa") ? number(message, "oa") : 0);
        return;
      case "startdt":
        Listener listener = new Listener();
        // Given to startDataTransfer alone, it would miss what comes right behind STARTDT con.
        connection.setConnectionListener(listener);
        connection.startDataTransfer(listener);
        return;
      case "stopdt":
        connection.stopDataTransfer();
        return;
      case "gi":
        connection.interrogation(number(message, "ca"), cause(message), new IeQualifierOfInterrogation(20));
        return;
      case "single":
        connection.singleCommand(
            number(message, "ca"),
            cause(message),
            number(message, "ioa"),
            new IeSingleCommand(flag(message, "value"), 0, flag(message, "select")));
        return;
      case "float":
        connection.setShortFloatCommand(
            number(message, "ca"),
            cause(message),
            number(message, "ioa"),
            new IeShortFloat(Float.parseFloat(message.get("value"))),
            new IeQualifierOfSetPointCommand(0, flag(message, "select")));
        return;
      case "bits":
        connection.bitStringCommand(
            number(message, "ca"),
            cause(message),
            number(message, "ioa"),
            new IeBinaryStateInformation(number(message, "value")));
        return;
      case "reset":
        connection.resetProcessCommand(number(message, "ca"), new IeQualifierOfResetProcessCommand(1));
        return;
      case "private":
        // One object of a private TypeID: address 1, three octets nobody else can make sense of.
        byte[] octets = {1, 0, 0, (byte) 0xa5, 0x5a, (byte) 0xff};
        connection.send(
            new ASdu(
                ASduType.PRIVATE_200, false, 1, cause(message), false, false, connection.getOriginatorAddress(),
                number(message, "ca"), octets));
        return;
      case "listen":
        Server.builder()
            .setBindAddr(InetAddress.getByName(message.get("host")))
            .setPort(number(message, "port"))
            .setSocketFactory(askingForCertificates(message.get("tls"), message.get("version")))
            .build()
            .start(new Accepting());
        return;
      case "event":
        connection.send(
            new ASdu(
                ASduType.M_ME_NB_1, false, CauseOfTransmission.SPONTANEOUS, false, false, 0, number(message, "ca"),
                new InformationObject(
                    number(message, "ioa"),
                    new IeScaledValue(number(message, "value")),
                    new IeQuality(false, false, false, false, false))));
        return;
      case "close":
        connection.close();
        return;
      default:
        throw new IllegalArgumentException("no such command: " + name);
    }
  }

  /** Certificates of one folder, which has own.p12 (without a password) and ca.crt. `version`: TLSv1.2 or TLSv1.3. */
  private static SSLContext tls(Path folder, String version) throws IOException, GeneralSecurityException {
    char[] password = new char[0];
    KeyStore own = KeyStore.getInstance("PKCS12");
    KeyStore authorities = KeyStore.getInstance("PKCS12");
    authorities.load(null, null);
    try (InputStream key = new FileInputStream(folder.resolve("own.p12").toFile());
        InputStream ca = new FileInputStream(folder.resolve("ca.crt").toFile())) {
      own.load(key, password);
      authorities.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(ca));
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, password);
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(authorities);
    SSLContext context = SSLContext.getInstance(version);
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  /** Sockets of a server that lets nobody in without a certificate. */
  private static ServerSocketFactory askingForCertificates(String folder, String version)
      throws IOException, GeneralSecurityException {
    ServerSocketFactory sockets = tls(Path.of(folder), version).getServerSocketFactory();
    return new ServerSocketFactory() {
      @Override
      public ServerSocket createServerSocket(int port) throws IOException {
        return createServerSocket(port, 1, null);
      }

      @Override
      public ServerSocket createServerSocket(int port, int backlog) throws IOException {
        return createServerSocket(port, backlog, null);
      }

      @Override
      public ServerSocket createServerSocket(int port, int backlog, InetAddress address) throws IOException {
        SSLServerSocket socket = (SSLServerSocket) sockets.createServerSocket(port, backlog, address);
        socket.setNeedClientAuth(true);
        // A context with a version is for clients: servers have all of them.
        socket.setEnabledProtocols(new String[] {version});
        return socket;
      }
    };
  }

  private static class Accepting implements ServerEventListener {
    @Override
    public void connectionIndication(Connection accepted) {
      connection = accepted;
      write("{\"ev\":\"accepted\"}");
      Listener listener = new Listener();
      listener.confirms = true;
      try {
        accepted.setConnectionListener(listener);
        accepted.waitForStartDT(listener, 60_000);
      } catch (IOException e) {
        write("{\"ev\":\"closed\",\"reason\":" + quoted(e.toString()) + "}");
      }
    }

    @Override
    public void serverStoppedListeningIndication(IOException e) {
      write("{\"ev\":\"closed\",\"reason\":" + quoted(e.toString()) + "}");
    }

    @Override
    public void connectionAttemptFailed(IOException e) {
      write("{\"ev\":\"failed\",\"reason\":" + quoted(e.toString()) + "}");
    }
  }

  private static int number(Map<String, String> message, String name) {
    return Integer.parseInt(message.get(name));
  }

  private static boolean flag(Map<String, String> message, String name) {
    return Boolean.parseBoolean(message.get(name));
  }

  private static CauseOfTransmission cause(Map<String, String> message) {
    return message.containsKey("cot")
        ? CauseOfTransmission.causeFor(number(message, "cot"))
        : CauseOfTransmission.ACTIVATION;
  }

  private static class Listener implements ConnectionEventListener {
    boolean confirms = false;

    @Override
    public void newASdu(ASdu asdu) {
      if (confirms) {
        try {
          connection.sendConfirmation(asdu);
        } catch (IOException e) {
          write("{\"ev\":\"closed\",\"reason\":" + quoted(e.toString()) + "}");
        }
      }
      List<String> objects = new ArrayList<>();
      InformationObject[] received = asdu.getInformationObjects();
      for (InformationObject object : received == null ? new InformationObject[0] : received) {
        int ioa = object.getInformationObjectAddress();
        for (InformationElement[] elements : object.getInformationElements()) {
          List<String> values = new ArrayList<>();
          for (InformationElement element : elements) {
            values.add(value(element));
          }
          objects.add("{\"ioa\":" + ioa + ",\"values\":[" + String.join(",", values) + "]}");
          ioa++; // SQ = 1: the addresses follow one another
        }
      }
      write(
          "{\"ev\":\"asdu\",\"type\":" + quoted(asdu.getTypeIdentification().toString())
              + ",\"cot\":" + asdu.getCauseOfTransmission().getId()
              + ",\"negative\":" + asdu.isNegativeConfirm()
              + ",\"oa\":" + asdu.getOriginatorAddress()
              + ",\"ca\":" + asdu.getCommonAddress()
              + ",\"objects\":[" + String.join(",", objects) + "]}");
    }

    @Override
    public void connectionClosed(IOException cause) {
      write("{\"ev\":\"closed\",\"reason\":" + quoted(cause.toString()) + "}");
    }

    @Override
    public void dataTransferStateChanged(boolean stopped) {
      write("{\"ev\":\"transfer\",\"stopped\":" + stopped + "}");
    }
  }

  private static String value(InformationElement element) {
    if (element instanceof IeSinglePointWithQuality) {
      return String.valueOf(((IeSinglePointWithQuality) element).isOn());
    }
    if (element instanceof IeDoublePointWithQuality) {
      return quoted(((IeDoublePointWithQuality) element).getDoublePointInformation().toString());
    }
    if (element instanceof IeShortFloat) {
      return String.valueOf(((IeShortFloat) element).getValue());
    }
    if (element instanceof IeScaledValue) {
      return String.valueOf(((IeScaledValue) element).getUnnormalizedValue());
    }
    if (element instanceof IeNormalizedValue) {
      return String.valueOf(((IeNormalizedValue) element).getNormalizedValue());
    }
    if (element instanceof IeBinaryStateInformation) {
      return String.valueOf(Integer.toUnsignedLong(((IeBinaryStateInformation) element).getValue()));
    }
    if (element instanceof IeBinaryCounterReading) {
      return String.valueOf(((IeBinaryCounterReading) element).getCounterReading());
    }
    if (element instanceof IeValueWithTransientState) {
      return String.valueOf(((IeValueWithTransientState) element).getValue());
    }
    if (element instanceof IeTime56) {
      return String.valueOf(((IeTime56) element).getTimestamp());
    }
    return quoted(element.toString());
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\s+", " ") + '"';
  }

  private static synchronized void write(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
