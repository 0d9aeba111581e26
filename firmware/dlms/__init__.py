"""DLMS/COSEM: a server without I/O. It knows no meter, only the questions of dlms.facts."""
