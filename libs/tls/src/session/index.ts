export { GroupMaterial } from './group-material.js';
export { shakeHands, type HandshakeOutcome } from './handshake.js';
export { HandshakeRoom } from './handshake-room.js';
export { handshakeFailure, type HandshakeFailure, type HandshakeProblem } from './handshake-failure.js';
export { type PeerTerms, RENEGOTIATIONS, SecurePeer } from './secure-peer.js';
export * from './settings.js';
export { type AtTheDoor, type DoorOutcome, TlsDoor, type TlsDoorOptions } from './tls-door.js';
export { tlsStatus } from './tls-status.js';
